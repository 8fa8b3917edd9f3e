import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { HostFault } from '../host/host-fault.ts';
import { shortageWords } from '../host/shortage.ts';
import type { ScriptResult } from './runner.ts';

export type NotStarted = Extract<ScriptResult, { kind: 'notStarted' }>;
export type Located = { readonly kind: 'located'; readonly file: string } | NotStarted;

/** Longest line that Linux reads for an interpreter (BINPRM_BUF_SIZE). */
const HEAD_BYTES = 256;

/**
 * Finds the program that a command names, as execvp would, and tells beforehand why it cannot be started. Unlike execvp it
 * refuses a file that the kernel does not know, instead of giving it to a shell.
 */
export function locate(program: string, path: string | undefined): Located {
  if (program === '' || program.includes('\0')) {
    return notStarted('ENOENT', 'the command names no program; set script.command');
  }
  const candidates = program.includes('/')
    ? [isAbsolute(program) ? program : resolve(program)]
    : (path ?? '').split(delimiter).flatMap((folder) => (folder === '' ? [] : [join(folder, program)]));
  let refused: NotStarted | undefined;
  for (const file of candidates) {
    const found = checkFile(file);
    if (found === 'absent') continue;
    if (found.kind === 'located') return found;
    refused ??= found;
  }
  return refused ?? notStarted('ENOENT', `${program} does not exist; install it, or correct script.command`);
}

function checkFile(file: string): Located | 'absent' {
  try {
    if (!statSync(file).isFile()) return notStarted('EACCES', `${file} is not a file; correct script.command`);
    accessSync(file, constants.X_OK);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'absent';
    if (code === 'EACCES') return notStarted(code, `${file} is not executable for this user; chmod +x it`);
    return notStarted(code, startFault(file, code));
  }
  const head = readHead(file);
  if (head === undefined || head.startsWith('\x7fELF')) return { kind: 'located', file };
  if (!head.startsWith('#!')) {
    return notStarted('ENOEXEC', `${file} does not begin with "#!"; put its interpreter there, such as #!/bin/sh`);
  }
  const interpreter = interpreterOf(head);
  try {
    accessSync(interpreter, constants.X_OK);
    return { kind: 'located', file };
  } catch (error) {
    const code = errorCode(error);
    return notStarted(
      code,
      `${file} names the interpreter "${interpreter}", which cannot be run (${code}); install it, or correct the first line`,
    );
  }
}

/** The program that a "#!" line names. */
export function interpreterOf(head: string): string {
  return /^#![ \t]*([^ \t\n\0]*)/.exec(head)?.[1] ?? '';
}

/** The first bytes of a file; undefined where it may be run but not read. */
export function readHead(file: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return undefined;
  }
  try {
    const buffer = Buffer.alloc(HEAD_BYTES);
    return buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, HEAD_BYTES, 0));
  } catch {
    return undefined;
  } finally {
    closeSync(descriptor);
  }
}

/** Why a start may fail now and succeed later: the machine is short of something, or the script is being replaced. */
const TRANSIENT_FAULTS: ReadonlySet<string> = new Set(['ENOSPC', 'ETXTBSY']);

function isTransient(code: string): boolean {
  return TRANSIENT_FAULTS.has(code) || shortageWords(code) !== undefined;
}

/** What an errno name means for a script that was to be started, and what to do. */
export function startFault(file: string, code: string): string {
  const shortage = shortageWords(code);
  if (shortage !== undefined) return `${file} could not be started: ${shortage.problem}; ${shortage.remedy}`;
  switch (code) {
    case 'ENOENT':
      return `${file} does not exist; install it, or correct script.command`;
    case 'EACCES':
      return `${file} may not be run by this user; check its mode, its folders and a noexec mount`;
    case 'ENOEXEC':
      return `${file} is not a program for this machine`;
    case 'E2BIG':
      return `the account's values are too long for the arguments and environment of ${file}`;
    case 'ETXTBSY':
      return `${file} is open for writing; replace it by renaming a new file over it`;
    default:
      return `${file} could not be started (${code})`;
  }
}

export function notStarted(code: string, reason: string, transient: boolean = isTransient(code)): NotStarted {
  return { kind: 'notStarted', code, transient, reason };
}

/** A script that the system has refused to start. */
export function refusedBySystem(file: string, told: string): NotStarted {
  // A descriptor's number beyond the limit of open files is a bad one to the kernel, which knows no other here.
  const code = told === 'EBADF' ? 'EMFILE' : told;
  return notStarted(code, startFault(file, code));
}

/** A script that was not started as the record of its run cannot be made: nobody could find it where the service is killed. */
export function notRecorded(file: string, record: string, code: string): NotStarted {
  if (code === 'EMFILE' || code === 'ENFILE') return refusedBySystem(file, code);
  const reason = `${file} was not started, as ${record} cannot be made, the record of its run (${code}); make room there, and let the service write there`;
  return notStarted(code, reason, true);
}

/** The same where the folder of the records cannot be had. */
export function noFolder(error: unknown): NotStarted {
  const remedy = error instanceof HostFault ? `; ${error.remedy}` : '';
  const why = error instanceof Error ? error.message : String(error);
  return notStarted(errorCode(error), `no script is started, as its run cannot be recorded: ${why}${remedy}`, true);
}

/** The errno name of an error of Node.js. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN';
}
