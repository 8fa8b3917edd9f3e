import type { ServiceSnapshot } from '../../domain/status.ts';
import { type Account, type Condition, MOST_LISTED } from './account.ts';
import type { Window } from './axis.ts';
import { type Filter, isFiltering, matches } from './filter.ts';

/*
 * Chooses the accounts that have a lane, and their order. A lane must not move while a user looks
 * at it:
 * - In work: an account keeps its place from its start to its end, and for a moment after it. Then
 *   the next account takes the place.
 * - Failed, retrying, waiting: the oldest first, so that new ones come last.
 * - Queued: the next one first.
 * - Done: the latest one first.
 */

export type SectionName = 'work' | 'attention' | 'queue' | 'done';

export interface Section {
  readonly name: SectionName;
  /** The accounts with a lane, in the order of their lanes. */
  readonly uids: readonly string[];
  /** The number of accounts in the section, with and without a lane. */
  readonly total: number;
}

/** The most lanes, unless the user requests all of them. */
export const MOST_LANES = 200;
const MOST_QUEUED = 40;
const MOST_ATTENTION = 100;

/** How long an account keeps its place after its end, in milliseconds. */
const STAYS = 4_000;

const SECTION_OF: Readonly<Record<Condition, SectionName>> = {
  inWork: 'work',
  failed: 'attention',
  retrying: 'attention',
  waiting: 'attention',
  queued: 'queue',
  deferred: 'queue',
  done: 'done',
  gone: 'done',
};

export interface LaneOptions {
  readonly filter: Filter;
  readonly window: Window;
  readonly now: number;
  /** Every account has a lane. */
  readonly all: boolean;
  readonly snapshot: ServiceSnapshot | undefined;
}

/** Chooses the lanes. `before`: the lanes that were shown until now. */
export function chooseLanes(
  accounts: Iterable<Account>,
  before: readonly Section[],
  { filter, window, now, all, snapshot }: LaneOptions,
): Section[] {
  const places = new Set(before.find(({ name }) => name === 'work')?.uids);
  const found: Record<SectionName, Account[]> = { work: [], attention: [], queue: [], done: [] };
  for (const account of accounts) {
    const section = SECTION_OF[account.condition];
    if (section === 'done' && !isSeen(account, window)) continue;
    if (!matches(filter, account)) continue;
    const stays = places.has(account.uid) && now - account.since < STAYS;
    found[stays ? 'work' : section].push(account);
  }
  const limit = (most: number) => (all ? Number.POSITIVE_INFINITY : most);
  const { placed, left } = inPlaces(found.work, [...places]);
  found.work = placed;
  for (const account of left) found[SECTION_OF[account.condition]].push(account);
  const work = found.work.slice(0, limit(MOST_LANES));
  const attention = found.attention.sort(oldestFirst).slice(0, limit(MOST_ATTENTION));
  const queue = found.queue.sort(oldestFirst).slice(0, limit(MOST_QUEUED));
  const room = Math.max(0, MOST_LANES - work.length - attention.length - queue.length);
  const done = found.done.sort((one, other) => oldestFirst(other, one)).slice(0, limit(room));
  const counts = snapshot === undefined || isFiltering(filter) ? undefined : snapshot.counts;
  const section = (name: SectionName, chosen: readonly Account[], counted = 0): Section => ({
    name,
    uids: chosen.map(({ uid }) => uid),
    // Up to this number the page knows all of them, and knows them better than the snapshot.
    total: counted > MOST_LISTED ? Math.max(found[name].length, counted) : found[name].length,
  });
  return [
    // An account that has just ended is not counted, although it keeps its place.
    { ...section('work', work), total: found.work.filter(({ condition }) => condition === 'inWork').length },
    section('attention', attention, counts && counts.failed + counts.retrying + counts.waiting),
    section('queue', queue, counts && counts.queued + counts.deferred),
    section('done', done),
  ].filter(({ uids }) => uids.length > 0);
}

/**
 * Returns the accounts in work. Each keeps its place. Others take the places of accounts that have
 * ended, and those are returned as `left`.
 */
function inPlaces(
  accounts: readonly Account[],
  places: readonly string[],
): { readonly placed: Account[]; readonly left: readonly Account[] } {
  const byUid = new Map(accounts.map((account) => [account.uid, account]));
  const others = accounts.filter(({ uid }) => !places.includes(uid)).sort(oldestFirst);
  const left: Account[] = [];
  const placed = places.flatMap((uid) => {
    const account = byUid.get(uid);
    if (account?.condition === 'inWork') return [account];
    const next = others.shift() ?? account;
    if (account !== undefined && account !== next) left.push(account);
    return next === undefined ? [] : [next];
  });
  return { placed: [...placed, ...others], left };
}

/** Whether an event of the account is in the window. */
function isSeen({ events }: Account, { from, to }: Window): boolean {
  const last = events.at(-1);
  const first = events[0];
  if (last === undefined || first === undefined) return false;
  return Date.parse(last.time) >= from && Date.parse(first.time) <= to;
}

function oldestFirst(one: Account, other: Account): number {
  return one.since - other.since || (one.uid < other.uid ? -1 : 1);
}

/** One line of the list: the heading of a section, or a lane. */
export type Row =
  | { readonly kind: 'head'; readonly key: string; readonly section: Section }
  | { readonly kind: 'lane'; readonly key: string; readonly uid: string };

export function rowsOf(sections: readonly Section[]): Row[] {
  return sections.flatMap((section): Row[] => [
    { kind: 'head', key: `head ${section.name}`, section },
    ...section.uids.map((uid): Row => ({ kind: 'lane', key: `lane ${uid}`, uid })),
  ]);
}

/** Returns the rows that are in view, and some before and after them. */
export function rowsInView(
  count: number,
  { top, height, rowHeight }: { readonly top: number; readonly height: number; readonly rowHeight: number },
): { readonly from: number; readonly to: number } {
  const ROWS_AROUND = 4;
  const from = Math.max(0, Math.floor(top / rowHeight) - ROWS_AROUND);
  return { from, to: Math.min(count, Math.ceil((top + height) / rowHeight) + ROWS_AROUND) };
}
