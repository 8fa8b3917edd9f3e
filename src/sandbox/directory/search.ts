import { ResultCode } from '../../domain/directory-error.ts';
import type { Dn } from '../../domain/dn.ts';
import {
  CHANGE_TYPE,
  type DecodedControls,
  entryChangeControl,
  type PersistentSearch,
  pagedResultsControl,
} from './controls.ts';
import { type Directory, type EntryChange, inScope, parseRequestDn } from './directory.ts';
import { type SelectedEntry, type StoredEntry, select } from './entry.ts';
import { matches } from './filter.ts';
import { Refusal } from './refusal.ts';
import type { SearchOperation } from './request.ts';
import type { ResponseControl } from './response.ts';
import type { Subject } from './rights.ts';
import { rootDse } from './root-dse.ts';

export interface SearchResult {
  readonly entries: readonly SelectedEntry[];
  readonly code: number;
  readonly controls: readonly ResponseControl[];
}

/**
 * Runs a search or returns one page of it. At the size limit it returns the entries found so far.
 */
export function search(
  directory: Directory,
  subject: Subject,
  operation: SearchOperation,
  requested: DecodedControls,
): SearchResult {
  const base = parseRequestDn(operation.base);
  const all =
    base.length === 0
      ? searchRoot(directory.suffix, operation)
      : directory.search(subject, base, operation.scope, operation.filter);
  const { entries, controls } =
    requested.paged === undefined ? { entries: all, controls: [] } : onePage(all, requested.paged);
  const limit = operation.sizeLimit === 0 ? Number.POSITIVE_INFINITY : operation.sizeLimit;
  const selected = entries.slice(0, limit).map((entry) => select(entry, operation.attributes, operation.typesOnly));
  return {
    entries: selected,
    code: entries.length > limit ? ResultCode.sizeLimitExceeded : ResultCode.success,
    controls,
  };
}

/** The cookie is the number of the last entry of a page, so that no state is kept between pages. */
function onePage(
  all: readonly StoredEntry[],
  { size, cookie }: { size: number; cookie: string },
): { entries: readonly StoredEntry[]; controls: ResponseControl[] } {
  if (!/^[0-9]*$/.test(cookie)) throw new Refusal(ResultCode.protocolError, 'paged results cookie is invalid');
  const rest = all.filter(({ id }) => id > Number(cookie));
  const entries = rest.slice(0, size);
  const last = entries.at(-1);
  const more = rest.length > entries.length && last !== undefined;
  return { entries, controls: [pagedResultsControl(more ? String(last.id) : '')] };
}

function searchRoot(suffix: Dn, { scope, filter }: SearchOperation): StoredEntry[] {
  if (scope !== 'base') throw new Refusal(ResultCode.noSuchObject, 'the empty DN has a base scope only');
  return [rootDse(suffix)].filter((entry) => matches(filter, entry));
}

/** A persistent search after its initial content was sent. */
export interface ActivePersistentSearch {
  readonly subject: Subject;
  readonly base: Dn;
  readonly operation: SearchOperation;
  readonly control: PersistentSearch;
}

/**
 * The notification of a change: for an entry that matches after it, and for a deleted one that
 * matched before. As the draft says, an entry that no longer matches is not reported.
 */
export function notification(
  directory: Directory,
  { subject, base, operation, control }: ActivePersistentSearch,
  change: EntryChange,
): { entry: SelectedEntry; controls: ResponseControl[] } | undefined {
  if ((control.changeTypes & CHANGE_TYPE[change.kind]) === 0) return undefined;
  const { before, after } = directory.visibleTo(subject, change);
  const entry = after ?? before;
  if (entry === undefined || !inScope(entry.dn, base, operation.scope) || !matches(operation.filter, entry)) {
    return undefined;
  }
  return {
    entry: select(entry, operation.attributes, operation.typesOnly),
    controls: control.returnEntryChanges ? [entryChangeControl(change)] : [],
  };
}
