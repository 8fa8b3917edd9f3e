import type { EventName } from '../../domain/event.ts';
import type { Account, AccountEvent } from './account.ts';
import { placeOf, type Window } from './axis.ts';

/** The meaning of a marble. Both its shape and its colour show it. */
export type MarbleKind = 'failed' | 'retrying' | 'conflict' | 'finished' | 'held' | 'asked' | 'other';

/** The meaning of the marble of an event; undefined: the event has none, or is part of a bar. */
const KINDS: Readonly<Partial<Record<EventName, MarbleKind>>> = {
  failed: 'failed',
  retrying: 'retrying',
  conflict: 'conflict',
  superseded: 'conflict',
  finished: 'finished',
  waiting: 'held',
  deferred: 'held',
  received: 'asked',
  resumed: 'other',
  left: 'other',
  skipped: 'other',
};

/** Combined marbles show the first of these meanings that occurs. */
const WEIGHT: readonly MarbleKind[] = ['failed', 'retrying', 'conflict', 'finished', 'held', 'other', 'asked'];

/** Marbles that are closer than this, in pixels, are combined. */
const DIAMETER = 16;
/** The most marbles of a lane. */
const MOST_MARBLES = 50;

export interface Marble {
  readonly x: number;
  readonly kind: MarbleKind;
  /** The events of this marble, in order. */
  readonly events: readonly AccountEvent[];
  /** The number of them that have the meaning that is shown. */
  readonly count: number;
}

/** The marbles of a lane. */
export function marblesOf({ events }: Account, window: Window): Marble[] {
  const apart = Math.max(DIAMETER, window.width / MOST_MARBLES);
  const groups: Array<{ first: number; x: number; events: AccountEvent[] }> = [];
  for (const event of events) {
    if (KINDS[event.event] === undefined) continue;
    const x = placeOf(window, Date.parse(event.time));
    if (x < -DIAMETER || x > window.width + DIAMETER) continue;
    const last = groups.at(-1);
    if (last !== undefined && x - last.first < apart) {
      last.events.push(event);
      last.x = x;
    } else groups.push({ first: x, x, events: [event] });
  }
  return groups.map(({ x, events: shown }) => {
    const kinds = shown.map((event) => KINDS[event.event] ?? 'other');
    const kind = WEIGHT.find((each) => kinds.includes(each)) ?? 'other';
    return { x, kind, events: shown, count: kinds.filter((each) => each === kind).length };
  });
}

/** The meaning of a bar: an attempt, or the time before it. */
type BarKind = 'queue' | 'work' | 'pause';

export interface Bar {
  readonly kind: BarKind;
  readonly x: number;
  readonly width: number;
  /** Whether it has not ended yet. */
  readonly isOpen: boolean;
  /** The event that ended it. */
  readonly end: EventName | undefined;
}

/** The least width of a bar in pixels, so that the shortest attempt is visible. */
const LEAST_WIDTH = 3;

interface Stretch {
  readonly kind: BarKind;
  readonly from: number;
  to: number | undefined;
  end: EventName | undefined;
}

/** Returns the bars of a lane. A bar that has not ended reaches to the present. */
export function barsOf(account: Account, window: Window, now: number): Bar[] {
  return stretchesOf(account).flatMap(({ kind, from, to, end }) => {
    const until = to ?? now;
    if (until < window.from || from > window.to) return [];
    const x = Math.max(-LEAST_WIDTH, placeOf(window, from));
    const last = Math.min(window.width + LEAST_WIDTH, placeOf(window, until));
    return [{ kind, x, width: Math.max(LEAST_WIDTH, last - x), isOpen: to === undefined, end }];
  });
}

/**
 * The bar that begins at an event, if any. Each event that begins or ends a bar ends the previous
 * one.
 */
const BEGINS: Readonly<Partial<Record<EventName, BarKind | 'none'>>> = {
  queued: 'queue',
  claimed: 'work',
  resumed: 'work',
  retrying: 'pause',
  finished: 'none',
  failed: 'none',
  superseded: 'none',
  left: 'none',
};

const BAR_OF: Readonly<Partial<Record<Account['condition'], BarKind>>> = {
  queued: 'queue',
  inWork: 'work',
  retrying: 'pause',
};

function stretchesOf({ events, condition, since }: Account): Stretch[] {
  const stretches: Stretch[] = [];
  let open: Stretch | undefined;
  for (const event of events) {
    const begins = BEGINS[event.event];
    // A newer request for an account in work waits.
    if (begins === undefined || (begins === 'queue' && open?.kind === 'work')) continue;
    const at = Date.parse(event.time);
    if (open !== undefined) Object.assign(open, { to: at, end: event.event });
    open = begins === 'none' ? undefined : { kind: begins, from: at, to: undefined, end: undefined };
    if (open !== undefined) stretches.push(open);
  }
  const kind = BAR_OF[condition];
  // The snapshot is newer than the events.
  if (open !== undefined && open.kind !== kind) open.to = Math.max(open.from, since);
  if (kind !== undefined && open?.kind !== kind) {
    stretches.push({ kind, from: since, to: undefined, end: undefined });
  }
  return stretches;
}
