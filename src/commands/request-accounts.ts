import type { AccountRecord } from '../domain/account.ts';
import { type Decision, isStart } from '../domain/decide.ts';
import { DirectoryError, failureKind } from '../domain/directory-error.ts';
import type { DirectoryEntry } from '../domain/entry.ts';
import { destroys, type Mode, readMode } from '../domain/mode.ts';
import { attributesToRead, readAccount } from '../domain/read-account.ts';
import { request } from '../domain/transition.ts';
import { visible } from '../domain/visible.ts';
import { PAGE_SIZE } from '../ldap/search.ts';
import { namedCode } from '../observability/describe-event.ts';
import { rulesOf } from '../service/site.ts';
import { failedFilter, uidFilter } from './account-search.ts';
import type { Decider } from './decision.ts';
import type { DirectorySession } from './directory-session.ts';
import { UsageError } from './run-action.ts';

/**
 * An account for which a mode is to be requested. `entry` is undefined if there is no such account.
 */
export interface NamedAccount {
  readonly name: string;
  readonly entry: DirectoryEntry | undefined;
}

/** Returns the accounts with these uids that the service sees, in the order of the uids. */
export async function accountsByUid(session: DirectorySession, uids: readonly string[]): Promise<NamedAccount[]> {
  const accounts: NamedAccount[] = [];
  for (const uid of uids) {
    const found = await entriesOnce(session, `(&${session.settings.directory.filter}${uidFilter(uid)})`);
    if (found.length === 0) accounts.push({ name: uid, entry: undefined });
    for (const entry of found) accounts.push({ name: uid, entry });
  }
  return accounts;
}

/** All accounts whose last attempt failed, with any return code or with `code`. */
export async function failedAccounts(session: DirectorySession, code: number | undefined): Promise<NamedAccount[]> {
  const { settings } = session;
  const { returnValue } = settings.attributes;
  if (returnValue === null) {
    throw new UsageError(
      'attributes.returnValue is null, so the directory does not show which accounts failed: name the accounts',
    );
  }
  const found = await entriesOnce(session, failedFilter(settings, returnValue, code));
  return found.map((entry) => ({ name: entry.dn, entry }));
}

/** All accounts that the service sees. */
export async function allAccounts(session: DirectorySession): Promise<NamedAccount[]> {
  const found = await entriesOnce(session, session.settings.directory.filter);
  return found.map((entry) => ({ name: entry.dn, entry }));
}

/** Returns all entries that match. Each is returned once. */
async function entriesOnce({ directory, settings }: DirectorySession, filter: string): Promise<DirectoryEntry[]> {
  const found = new Map<string, DirectoryEntry>();
  const attributes = attributesToRead(settings.attributes);
  await directory.search({ filter, attributes }, { pageSize: PAGE_SIZE }, (entry) => found.set(entry.dn, entry));
  return [...found.values()];
}

/**
 * Whether a mode may be requested for an account, or why not. `was`: its mode before the request,
 * in words.
 */
export type Asking =
  | { readonly may: true; readonly record: AccountRecord; readonly mode: Mode; readonly was: string }
  | { readonly may: false; readonly reason: string };

/** Decides whether an account may be requested again. It may if its last attempt failed. */
export function mayRetry({ entry }: NamedAccount, { settings }: DirectorySession, { decide }: Decider): Asking {
  const record = recordOf(entry, settings);
  if (typeof record === 'string') return { may: false, reason: record };
  const decision = decide(record);
  if (decision.kind === 'failed') return { may: true, record, mode: decision.mode, was: wasOf(record, decision) };
  const inWork = readMode(record.mode)?.phase === 'inWork' && decision.kind !== 'noRequest';
  return { may: false, reason: `it has not failed; ${inWork ? 'it is in work' : decision.reason}` };
}

/**
 * Decides whether a mode may be requested. It may if no request is open. An open request for the
 * same mode may be written again if the mode destroys data, because it may be waiting until it is
 * requested again (`directory.behindAfter`).
 */
export function mayAsk(
  { entry }: NamedAccount,
  mode: Mode,
  { settings }: DirectorySession,
  { decide }: Decider,
): Asking {
  const record = recordOf(entry, settings);
  if (typeof record === 'string') return { may: false, reason: record };
  const decision = decide(record);
  const reading = readMode(record.mode);
  const may = { may: true, record, mode, was: wasOf(record, decision) } as const;
  if (decision.kind === 'failed' || decision.kind === 'noRequest') return may;
  if (reading?.phase !== 'requested') return { may: false, reason: `it is in work: its mode is ${record.mode}` };
  if (reading.mode === mode && destroys(mode)) return may;
  return { may: false, reason: `${record.mode} is already requested` };
}

/**
 * Whether `--all` includes an account. It includes accounts that are finished or failed, unless
 * their last request was for a mode that destroys data.
 */
export function isAmongAll(asking: Asking): boolean {
  if (!asking.may) return false;
  const reading = readMode(asking.record.mode);
  return reading !== undefined && reading.phase !== 'requested' && !destroys(reading.mode);
}

/** Returns the account of an entry, or the reason why there is none. */
function recordOf(entry: DirectoryEntry | undefined, settings: DirectorySession['settings']): AccountRecord | string {
  if (entry === undefined) return `there is no such account below ${settings.directory.base}`;
  const reading = readAccount(entry, settings.attributes, rulesOf(settings));
  return reading.kind === 'account' ? reading.record : reading.reason;
}

function wasOf({ mode }: AccountRecord, decision: Decision): string {
  return decision.kind === 'failed' ? `${mode} with ${namedCode(Number(decision.returnValue))}` : mode;
}

interface AskOptions {
  /** Whether to show what would be done, and write nothing. */
  readonly preview: boolean;
  /** The text after the word `requested`: ` again` for failed accounts, otherwise empty. */
  readonly again: string;
  readonly decide: Decider['decide'];
}

/** For how many accounts a mode was requested, and for how many it was refused. */
export interface AskedCount {
  readonly done: number;
  readonly refused: number;
}

/**
 * Requests a mode for each account for which that is allowed, and prints a line for each account.
 * The writes are compare-and-swaps, so no later change is overwritten. Rejects with a
 * DirectoryError if the directory is unreachable.
 */
export async function askEach(
  accounts: ReadonlyArray<{ readonly account: NamedAccount; readonly asking: Asking }>,
  session: DirectorySession,
  options: AskOptions,
): Promise<AskedCount> {
  let [done, refused] = [0, 0];
  for (const { account, asking } of accounts) {
    const asked = await ask(account, asking, session, options);
    process.stdout.write(`${asked.words}\n`);
    if (asked.done) done += 1;
    else refused += 1;
  }
  return { done, refused };
}

async function ask(
  { name }: NamedAccount,
  asking: Asking,
  { directory, settings }: DirectorySession,
  { preview, again, decide }: AskOptions,
): Promise<{ readonly done: boolean; readonly words: string }> {
  const not = (reason: string) => ({ done: false, words: visible(`${name}: not requested${again}: ${reason}`) });
  if (!asking.may) return not(asking.reason);
  const { record, mode, was } = asking;
  const done = (words: string) => ({ done: true, words: visible(`${record.uid}: ${words}`) });
  const next = decide({ ...record, mode, state: '0', returnValue: undefined });
  const waits = isStart(next) ? '' : `; ${next.reason}`;
  if (preview) return done(`would be requested${again}: ${was}${again === '' ? ` would be ${mode}` : ''}${waits}`);
  const refusal = await written(directory, record, mode, settings);
  return refusal === undefined ? done(`requested${again}: ${was} is now ${mode}${waits}`) : not(refusal);
}

/**
 * Resolves to the reason why the directory refused the request; undefined if it accepted the
 * request.
 */
async function written(
  directory: DirectorySession['directory'],
  record: AccountRecord,
  mode: Mode,
  { attributes }: DirectorySession['settings'],
): Promise<string | undefined> {
  try {
    await directory.modify(record.dn, request(record, mode, attributes));
    return undefined;
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error;
    const kind = failureKind(error);
    if (kind === 'away') throw error;
    if (kind === 'mismatch') return 'another client changed it just now; check it and try again';
    return error.remedy === undefined ? error.message : `${error.message}; ${error.remedy}`;
  }
}
