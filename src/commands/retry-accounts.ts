import { DirectoryError, failureKind } from '../domain/directory-error.ts';
import type { DirectoryEntry } from '../domain/entry.ts';
import { readMode, WORDS } from '../domain/mode.ts';
import { attributesToRead, readAccount } from '../domain/read-account.ts';
import { type Modification, requestAgain } from '../domain/transition.ts';
import { PAGE_SIZE } from '../ldap/search.ts';
import { namedCode } from '../observability/describe-event.ts';
import { visible } from '../observability/visible.ts';
import { rulesOf } from '../site.ts';
import { failedFilter, uidFilter } from './account-search.ts';
import type { Decider } from './decision.ts';
import type { DirectorySession } from './directory-session.ts';
import { UsageError } from './run-action.ts';

/** An account to request again. `entry` is undefined if there is none. */
export interface AccountToRetry {
  readonly name: string;
  readonly entry: DirectoryEntry | undefined;
}

/** The accounts with these uids that the service sees, in this order. */
export async function accountsByUid(
  { directory, settings }: DirectorySession,
  uids: readonly string[],
): Promise<AccountToRetry[]> {
  const accounts: AccountToRetry[] = [];
  for (const uid of uids) {
    const request = {
      filter: `(&${settings.directory.filter}${uidFilter(uid)})`,
      attributes: attributesToRead(settings.attributes),
    };
    const found = await entriesOnce(directory, request);
    if (found.length === 0) accounts.push({ name: uid, entry: undefined });
    for (const entry of found) accounts.push({ name: uid, entry });
  }
  return accounts;
}

/** All accounts whose last attempt failed, with any return code or with `code`. */
export async function failedAccounts(
  { directory, settings }: DirectorySession,
  code: number | undefined,
): Promise<AccountToRetry[]> {
  const { returnValue } = settings.attributes;
  if (returnValue === null) {
    throw new UsageError(
      'attributes.returnValue is null, so the directory does not say what failed: name the accounts',
    );
  }
  const request = {
    filter: failedFilter(settings, returnValue, code),
    attributes: attributesToRead(settings.attributes),
  };
  const found = await entriesOnce(directory, request);
  return found.map((entry) => ({ name: entry.dn, entry }));
}

/** All entries that match, each once. */
async function entriesOnce(
  directory: DirectorySession['directory'],
  request: { readonly filter: string; readonly attributes: readonly string[] },
): Promise<DirectoryEntry[]> {
  const found = new Map<string, DirectoryEntry>();
  await directory.search(request, { pageSize: PAGE_SIZE }, (entry) => found.set(entry.dn, entry));
  return [...found.values()];
}

/**
 * Requests a failed account again: in work -> requested. The write is a compare-and-swap, so no
 * later change is overwritten. With `preview` nothing is written. Resolves to what was done, or why
 * not. Rejects with a DirectoryError if the directory is unreachable.
 */
export async function requestAccountAgain(
  { directory, settings }: DirectorySession,
  { name, entry }: AccountToRetry,
  { decide, preview }: { readonly decide: Decider['decide']; readonly preview: boolean },
): Promise<{ readonly done: boolean; readonly words: string }> {
  const not = (reason: string) => ({ done: false, words: visible(`${name}: not asked again: ${reason}`) });
  if (entry === undefined) return not(`there is no such account below ${settings.directory.base}`);
  const reading = readAccount(entry, settings.attributes, rulesOf(settings));
  if (reading.kind !== 'account') return not(reading.reason);
  const { record } = reading;
  const decision = decide(record);
  if (decision.kind !== 'failed') {
    const inWork = readMode(record.mode)?.phase === 'inWork' && decision.kind !== 'settled';
    return not(`it has not failed; ${inWork ? 'it is in work' : decision.reason}`);
  }

  const failure = namedCode(Number(decision.returnValue));
  if (preview)
    return { done: true, words: visible(`${record.uid}: would be asked again: ${record.mode} with ${failure}`) };
  const refusal = await modified(directory, record.dn, requestAgain(record, decision.mode, settings.attributes));
  if (refusal !== undefined) return not(refusal);
  const { requested } = WORDS[decision.mode];
  return {
    done: true,
    words: visible(`${record.uid}: asked again: ${record.mode} with ${failure} is now ${requested}`),
  };
}

/** Resolves to the reason why the directory did not take the change; undefined if it did. */
async function modified(
  directory: DirectorySession['directory'],
  dn: string,
  list: readonly Modification[],
): Promise<string | undefined> {
  try {
    await directory.modify(dn, list);
    return undefined;
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error;
    const kind = failureKind(error);
    if (kind === 'away') throw error;
    if (kind === 'mismatch') return 'somebody changed it just now; look at it again';
    return error.remedy === undefined ? error.message : `${error.message}; ${error.remedy}`;
  }
}
