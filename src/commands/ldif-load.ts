import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { loadConfig } from '../../config/load-config.ts';
import type { Settings } from '../../config/schema.ts';
import { DirectoryError } from '../domain/directory-error.ts';
import { ReturnCode } from '../domain/return-code.ts';
import type { DirectoryAccess } from '../ldap/access.ts';
import { applyLdif, type RecordReport } from '../ldif/apply-ldif.ts';
import { openDirectoryTarget } from '../ldif/directory-target.ts';
import { parseLdif } from '../ldif/parse-ldif.ts';
import { accessOf } from '../site.ts';
import { Failure, UsageError } from './outcome.ts';

export interface LoadOptions {
  readonly config: string;
  readonly continue: boolean;
  readonly bindDn?: string;
  readonly bindPasswordFile?: string;
}

/** Applies an LDIF file and prints a line for each record; returns the exit code of the process. */
export async function loadLdif(file: string, options: LoadOptions): Promise<number> {
  const access = accessAs(await loadConfig(options.config, process.env), options);
  return load(file, await bytesOf(file), access, options.continue);
}

async function bytesOf(file: string): Promise<Buffer> {
  if (file === '-') return await buffer(process.stdin);
  try {
    return await readFile(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new Failure(`the LDIF file ${printable(file)} cannot be read: ${REASONS[code] ?? code}`);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'its permissions do not allow it',
  EISDIR: 'it is a folder',
};

async function load(file: string, bytes: Buffer, access: DirectoryAccess, continueOnError: boolean): Promise<number> {
  const records = parseLdif(bytes);
  if (records.length === 0) throw new Failure(`${file} holds no records`);
  const unreadable = records.find((record) => record.kind === 'faulty');
  if (unreadable !== undefined && !continueOnError) {
    const { number, faultLine: line, reason } = unreadable;
    print({ number, line, what: 'not readable', error: new Error(reason) });
    throw new Failure(`nothing was applied: correct ${file}, or leave such records out with --continue`);
  }
  const abort = new AbortController();
  const { target, close } = await openDirectoryTarget(access, abort.signal);
  try {
    const { applied, failed } = await applyLdif(records, target, { continueOnError, report: print });
    const untried = records.length - applied - failed;
    const rest = untried === 0 ? '' : `, ${untried} not tried`;
    process.stdout.write(`${applied} of ${records.length} records applied, ${failed} failed${rest}\n`);
    return failed === 0 ? ReturnCode.SUCCESS : ReturnCode.UNDEFINED_ERROR;
  } finally {
    close();
  }
}

/** How to reach the directory. */
function accessAs(settings: Settings, { bindDn, bindPasswordFile }: LoadOptions): DirectoryAccess {
  if ((bindDn === undefined) !== (bindPasswordFile === undefined)) {
    throw new UsageError('--bind-dn and --bind-password-file belong together');
  }
  if (bindDn === undefined || bindPasswordFile === undefined) return accessOf(settings, process.env);
  // The rule that keeps passwords off unencrypted connections has judged the configured account only.
  if (settings.directory.bindDn === null) {
    throw new UsageError('--bind-dn needs a configuration with directory.bindDn');
  }
  const account = { bindDn, bindPasswordFile, bindPassword: null, bindPasswordFd: null };
  return accessOf({ ...settings, directory: { ...settings.directory, ...account } }, process.env);
}

function print({ number, line, what, error }: RecordReport): void {
  const record = `record ${number} (line ${line}): ${printable(what)}`;
  if (error === undefined) process.stdout.write(`${record}: done\n`);
  else process.stderr.write(`${record}: ${describe(error)}\n`);
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const remedy = error instanceof DirectoryError ? error.remedy : undefined;
  return printable(remedy === undefined ? error.message : `${error.message}; ${remedy}`);
}

/** A DN, or a server's words, may hold what a terminal takes for commands. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, ' ');
}
