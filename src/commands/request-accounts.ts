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

/** An account that something is to be asked for. `entry` is undefined if there is none. */
export interface NamedAccount {
  readonly name: string;
  readonly entry: DirectoryEntry | undefined;
}

/** The accounts with these uids that the service sees, in this order. */
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
      'attributes.returnValue is null, so the directory does not say what failed: name the accounts',
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

/** All entries that match, each once. */
async function entriesOnce({ directory, settings }: DirectorySession, filter: string): Promise<DirectoryEntry[]> {
  const found = new Map<string, DirectoryEntry>();
  const attributes = attributesToRead(settings.attributes);
  await directory.search({ filter, attributes }, { pageSize: PAGE_SIZE }, (entry) => found.set(entry.dn, entry));
  return [...found.values()];
}

/** What can be asked of an account, or why nothing can. */
export type Asking =
  | { readonly may: true; readonly record: AccountRecord; readonly mode: Mode; readonly was: string }
  | { readonly may: false; readonly reason: string };

/** Whether an account is requested again: if its last attempt failed. */
export function mayRetry({ entry }: NamedAccount, { settings }: DirectorySession, { decide }: Decider): Asking {
  const record = recordOf(entry, settings);
  if (typeof record === 'string') return { may: false, reason: record };
  const decision = decide(record);
  if (decision.kind === 'failed') return { may: true, record, mode: decision.mode, was: wasOf(record, decision) };
  const inWork = readMode(record.mode)?.phase === 'inWork' && decision.kind !== 'noRequest';
  return { may: false, reason: `it has not failed; ${inWork ? 'it is in work' : decision.reason}` };
}

/**
 * Whether a mode may be requested: if nothing is open. An open request for the same mode may be
 * written again if the mode destroys data, as it may wait for that (`directory.behindAfter`).
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
  if (reading?.phase !== 'requested') return { may: false, reason: `it is in work: it is ${record.mode}` };
  if (reading.mode === mode && destroys(mode)) return may;
  return { may: false, reason: `${record.mode} is asked for already, and open` };
}

/**
 * Whether an account is among all for which a mode is asked: one that is finished or failed, unless
 * its last request was one that destroys data.
 */
export function isAmongAll(asking: Asking): boolean {
  if (!asking.may) return false;
  const reading = readMode(asking.record.mode);
  return reading !== undefined && reading.phase !== 'requested' && !destroys(reading.mode);
}

/** The account of an entry, or why there is none. */
function recordOf(entry: DirectoryEntry | undefined, settings: DirectorySession['settings']): AccountRecord | string {
  if (entry === undefined) return `there is no such account below ${settings.directory.base}`;
  const reading = readAccount(entry, settings.attributes, rulesOf(settings));
  return reading.kind === 'account' ? reading.record : reading.reason;
}

function wasOf({ mode }: AccountRecord, decision: Decision): string {
  return decision.kind === 'failed' ? `${mode} with ${namedCode(Number(decision.returnValue))}` : mode;
}

interface AskOptions {
  /** Say what would be done, and write nothing. */
  readonly preview: boolean;
  /** What follows the word `asked`: ` again` for requests that failed, else nothing. */
  readonly again: string;
  readonly decide: Decider['decide'];
}

/** For how many accounts a mode was requested, and for how many not. */
export interface AskedCount {
  readonly done: number;
  readonly refused: number;
}

/**
 * Requests a mode for each account that it may be requested for, and prints a line for each. The
 * writes are compare-and-swaps, so no later change is overwritten. Resolves to the number of
 * accounts for which that was done, and not. Rejects with a DirectoryError if the directory is
 * unreachable.
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

/** Resolves to the reason why the directory did not take the request; undefined if it did. */
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
    if (kind === 'mismatch') return 'somebody changed it just now; look at it again';
    return error.remedy === undefined ? error.message : `${error.message}; ${error.remedy}`;
  }
}
