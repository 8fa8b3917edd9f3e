import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from '../../config/load-config.ts';
import type { Settings } from '../../config/schema.ts';
import { DirectoryError } from '../domain/directory-error.ts';
import { ReturnCode } from '../domain/return-code.ts';
import type { DirectoryAccess } from '../ldap/access.ts';
import { applyLdif, type RecordReport, unreadable } from '../ldif/apply-ldif.ts';
import { connectForChanges } from '../ldif/directory-target.ts';
import { CannotReadLdif, type LdifSource, ldifOfStream, openLdifFile } from '../ldif/ldif-source.ts';
import { PatientTarget } from '../ldif/patient-target.ts';
import { humanDuration } from '../observability/human-time.ts';
import { accessOf } from '../site.ts';
import { CommandFailure, UsageError } from './run-action.ts';

export interface LoadOptions {
  readonly config: string;
  readonly continue: boolean;
  readonly bindDn?: string;
  readonly bindPasswordFile?: string;
}

/** How long a load waits for a directory that has become unreachable, in milliseconds. */
const UNREACHABLE_TIMEOUT_MILLISECONDS = 300_000;

/** Applies an LDIF file and prints a line for each record. Returns the exit code of the process. */
export async function loadLdif(file: string, options: LoadOptions): Promise<number> {
  const settings = await loadConfig(options.config, process.env);
  const access = accessAs(settings, options);
  const source = await openSource(file);
  try {
    return await withReadFailures(file, () =>
      load(file, source, { settings, access, continueOnError: options.continue }),
    );
  } finally {
    await source.close();
  }
}

async function openSource(file: string): Promise<LdifSource> {
  if (file === '-') return ldifOfStream(process.stdin);
  return withReadFailures(file, () => openLdifFile(file));
}

async function withReadFailures<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof CannotReadLdif)) throw error;
    throw new CommandFailure(`the LDIF file ${printable(file)} cannot be read: ${error.message}`);
  }
}

interface Load {
  readonly settings: Settings;
  readonly access: DirectoryAccess;
  readonly continueOnError: boolean;
}

async function load(file: string, source: LdifSource, { settings, access, continueOnError }: Load): Promise<number> {
  // Standard input can be read only once: apply each record as it comes, up to the first error.
  const total = source.isFile ? await count(file, source, continueOnError) : undefined;
  const abort = new AbortController();
  const connect = () => connectForChanges(access, abort.signal);
  const target = new PatientTarget(await connect(), {
    connect,
    patience: UNREACHABLE_TIMEOUT_MILLISECONDS,
    pauses: settings.reconnect,
    now: () => performance.now(),
    delay: (milliseconds) => delay(milliseconds),
    away: (reason) =>
      note(`${reason}; waiting for the directory, for ${humanDuration(UNREACHABLE_TIMEOUT_MILLISECONDS)} at most`),
    back: (milliseconds) => note(`the directory is there again after ${humanDuration(milliseconds)}: going on`),
  });
  try {
    const { applied, failed } = await applyLdif(source.records(), target, { continueOnError, report: print });
    if (applied + failed === 0) throw noRecords(file);
    const untried = total === undefined ? 0 : total - applied - failed;
    const of = total === undefined ? '' : ` of ${total}`;
    const rest = untried > 0 ? `, ${untried} not tried` : '';
    process.stdout.write(`${applied}${of} records applied, ${failed} failed${rest}\n`);
    return failed === 0 ? ReturnCode.SUCCESS : ReturnCode.UNDEFINED_ERROR;
  } finally {
    target.close();
  }
}

/**
 * The number of records in a file. Rejects for a malformed record unless `withFaulty`, so that
 * nothing of a faulty file is applied.
 */
async function count(file: string, source: LdifSource, withFaulty: boolean): Promise<number> {
  let records = 0;
  for await (const record of source.records()) {
    records += 1;
    if (record.kind === 'change' || withFaulty) continue;
    print(unreadable(record));
    throw new CommandFailure(
      `nothing was applied: correct ${printable(file)}, or leave such records out with --continue`,
    );
  }
  if (records === 0) throw noRecords(file);
  return records;
}

function noRecords(file: string): CommandFailure {
  return new CommandFailure(`${file === '-' ? 'standard input' : printable(file)} holds no records`);
}

function accessAs(settings: Settings, { bindDn, bindPasswordFile }: LoadOptions): DirectoryAccess {
  if ((bindDn === undefined) !== (bindPasswordFile === undefined)) {
    throw new UsageError('--bind-dn and --bind-password-file belong together');
  }
  if (bindDn === undefined || bindPasswordFile === undefined) return accessOf(settings, process.env);
  // The rule against passwords on unencrypted connections has checked the configured account only.
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

/** Replaces control characters, which a terminal could interpret, in a DN or a server's message. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, ' ');
}

function note(text: string): void {
  process.stderr.write(`-- ${printable(text)}\n`);
}
