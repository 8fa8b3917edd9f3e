import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { errorText } from '../domain/error-text.ts';
import { HostFault, systemCode } from '../host/host-fault.ts';
import { shortageWords } from '../host/shortage.ts';
import type { ScriptResult } from './runner.ts';

export type NotStarted = Extract<ScriptResult, { kind: 'notStarted' }>;
export type Located = { readonly kind: 'located'; readonly file: string } | NotStarted;

/** The longest "#!" line that Linux reads (BINPRM_BUF_SIZE). */
const HEAD_BYTES = 256;

/**
 * Finds the program that a command names. A program that is named by a path is not examined here,
 * because the system does that at the start. If the start fails, `explained` says why.
 */
export function find(program: string, path: string | undefined): Located {
  const isNamedByPath = program.includes('/') && !program.includes('\0');
  return isNamedByPath ? { kind: 'located', file: resolve(program) } : locate(program, path);
}

/** The result of a script that the system has refused to start, with the fault of its file. */
export function explained(file: string, refused: NotStarted): NotStarted {
  const located = refused.transient ? refused : locate(file, undefined);
  return located.kind === 'notStarted' ? located : refused;
}

/**
 * Finds the program that a command names, as execvp does, or returns why it cannot be started.
 * Unlike execvp it refuses a file of unknown format and does not give it to a shell.
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
    const checked = checkFile(file);
    if (checked === 'absent') continue;
    if (checked.kind === 'located') return checked;
    refused ??= checked;
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

/** The program that a "#!" line names; empty if the line names none. */
function interpreterOf(head: string): string {
  return /^#![ \t]*([^ \t\n\0]*)/.exec(head)?.[1] ?? '';
}

/**
 * The first 256 bytes of a file. undefined: the file cannot be read, as a program need not be
 * readable.
 */
function readHead(file: string): string | undefined {
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

/**
 * Faults that may pass, in addition to shortages: the disk is full, or the script is being written.
 */
const TRANSIENT_FAULTS: ReadonlySet<string> = new Set(['ENOSPC', 'ETXTBSY']);

function isTransient(code: string): boolean {
  return TRANSIENT_FAULTS.has(code) || shortageWords(code) !== undefined;
}

/** Explains why a script could not be started, from the errno name, and says what to do. */
function startFault(file: string, code: string): string {
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

function notStarted(code: string, reason: string, transient: boolean = isTransient(code)): NotStarted {
  return { kind: 'notStarted', code, transient, reason };
}

/** The result of a script that the system has refused to start. */
export function refusedBySystem(file: string, errno: string): NotStarted {
  // The kernel answers EBADF for a descriptor whose number is beyond the limit of open files. At a
  // start nothing else causes EBADF.
  const code = errno === 'EBADF' ? 'EMFILE' : errno;
  return notStarted(code, startFault(file, code));
}

/**
 * The result of a script that was not started because the record of its run cannot be created.
 * Without a record the script could not be found after the service is killed.
 */
export function notRecorded(file: string, record: string, code: string): NotStarted {
  if (code === 'EMFILE' || code === 'ENFILE') return refusedBySystem(file, code);
  const reason = `${file} was not started, as the record of its run, ${record}, cannot be created (${code}); make room there, and let the service write there`;
  return notStarted(code, reason, true);
}

/**
 * The result of a script that was not started because the folder of the records cannot be created
 * or is not safe.
 */
export function noFolder(error: unknown): NotStarted {
  const remedy = error instanceof HostFault ? `; ${error.remedy}` : '';
  const why = errorText(error);
  return notStarted(errorCode(error), `no script is started, as its run cannot be recorded: ${why}${remedy}`, true);
}

/** The code of a Node.js error, which is an errno name, or UNKNOWN. */
export function errorCode(error: unknown): string {
  return systemCode(error) ?? 'UNKNOWN';
}
