import { setTimeout as delay } from 'node:timers/promises';
import { authMethod } from '../../config/bind-rules.ts';
import { loadConfig } from '../../config/load-config.ts';
import type { Settings } from '../../config/schema.ts';
import { counted } from '../domain/counted.ts';
import { DirectoryError } from '../domain/directory-error.ts';
import { ReturnCode } from '../domain/return-code.ts';
import { visible } from '../domain/visible.ts';
import type { DirectoryAccess } from '../ldap/access.ts';
import { applyLdif, type RecordReport, type Tally } from '../ldif/apply-ldif.ts';
import { connectForChanges } from '../ldif/directory-target.ts';
import { CannotReadLdif, type LdifSource, ldifOfStream, openLdifFile } from '../ldif/ldif-source.ts';
import { ReconnectingTarget } from '../ldif/reconnecting-target.ts';
import { humanDuration } from '../observability/human-time.ts';
import { accessOf } from '../service/site.ts';
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
    return await load(file, source, { settings, access, continueOnError: options.continue });
  } finally {
    await source.close();
  }
}

async function openSource(file: string): Promise<LdifSource> {
  if (file === '-') return ldifOfStream(process.stdin);
  return openLdifFile(file).catch((error: unknown) => {
    throw cannotRead(file, error);
  });
}

function cannotRead(file: string, error: unknown, applied = 0): unknown {
  if (!(error instanceof CannotReadLdif)) return error;
  const before = applied === 0 ? '' : `; ${counted(applied, 'earlier record', ['was', 'were'])} applied`;
  const what = file === '-' ? 'standard input' : `the LDIF file ${visible(file)}`;
  return new CommandFailure(`${what} cannot be read: ${error.message}${before}`);
}

interface Load {
  readonly settings: Settings;
  readonly access: DirectoryAccess;
  readonly continueOnError: boolean;
}

async function load(file: string, source: LdifSource, { settings, access, continueOnError }: Load): Promise<number> {
  const abort = new AbortController();
  const connect = () => connectForChanges(access, abort.signal);
  let target: ReconnectingTarget | undefined;
  const open = async (): Promise<ReconnectingTarget> => {
    target = new ReconnectingTarget(await connect(), {
      connect,
      giveUpAfter: UNREACHABLE_TIMEOUT_MILLISECONDS,
      pauses: settings.reconnect,
      now: () => performance.now(),
      delay: (milliseconds) => delay(milliseconds),
      away: (reason) =>
        note(`${reason}; waiting for the directory, for at most ${humanDuration(UNREACHABLE_TIMEOUT_MILLISECONDS)}`),
      back: (milliseconds) => note(`the directory is reachable again after ${humanDuration(milliseconds)}: continuing`),
    });
    return target;
  };
  let done = 0;
  const report = (result: RecordReport): void => {
    if (result.error === undefined) done += 1;
    print(result);
  };
  try {
    const tally = await applyLdif(source.records, open, { continueOnError, report }).catch((error: unknown) => {
      throw cannotRead(file, error, done);
    });
    if (tally.applied + tally.failed === 0) throw noRecords(file);
    process.stdout.write(`${summary(tally)}\n`);
    return tally.failed === 0 ? ReturnCode.SUCCESS : ReturnCode.UNDEFINED_ERROR;
  } finally {
    target?.close();
  }
}

function summary({ applied, failed, stoppedAt }: Tally): string {
  const counts = `${counted(applied, 'record')} applied, ${failed} failed`;
  return stoppedAt === undefined ? counts : `${counts}; the records after the one in line ${stoppedAt} were not tried`;
}

function noRecords(file: string): CommandFailure {
  return new CommandFailure(`${file === '-' ? 'standard input' : visible(file)} contains no records`);
}

function accessAs(settings: Settings, { bindDn, bindPasswordFile }: LoadOptions): DirectoryAccess {
  if ((bindDn === undefined) !== (bindPasswordFile === undefined)) {
    throw new UsageError('--bind-dn and --bind-password-file can only be used together');
  }
  if (bindDn === undefined || bindPasswordFile === undefined) return accessOf(settings, process.env);
  // The rule against passwords on unencrypted connections has checked the configured account only.
  if (authMethod(settings.directory) === 'anonymous') {
    throw new UsageError('--bind-dn needs a configuration with directory.bindDn or auth: external');
  }
  const account = { auth: 'simple', bindDn, bindPasswordFile, bindPassword: null, bindPasswordFd: null } as const;
  return accessOf({ ...settings, directory: { ...settings.directory, ...account } }, process.env);
}

function print({ number, line, what, error }: RecordReport): void {
  const record = `record ${number} (line ${line}): ${visible(what)}`;
  if (error === undefined) process.stdout.write(`${record}: done\n`);
  else process.stderr.write(`${record}: ${describe(error)}\n`);
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const remedy = error instanceof DirectoryError ? error.remedy : undefined;
  return visible(remedy === undefined ? error.message : `${error.message}; ${remedy}`);
}

function note(text: string): void {
  process.stderr.write(`-- ${visible(text)}\n`);
}
