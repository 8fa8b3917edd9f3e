import type { EventName } from '../../domain/event.ts';
import type { Account, AccountEvent } from './account.ts';
import { placeOf, type Window } from './axis.ts';

/** What a marble stands for. Its shape tells it, and its colour. */
export type MarbleKind = 'failed' | 'retrying' | 'conflict' | 'finished' | 'held' | 'asked' | 'other';

/** What the marble of an event stands for; undefined: the event has none, or is part of a bar. */
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

/** Where marbles are one, it shows the first of these. */
const WEIGHT: readonly MarbleKind[] = ['failed', 'retrying', 'conflict', 'finished', 'held', 'other', 'asked'];

/** Marbles that are closer than this are one, in pixels. */
const DIAMETER = 16;
/** The most marbles of a lane. */
const MOST_MARBLES = 50;

export interface Marble {
  readonly x: number;
  readonly kind: MarbleKind;
  /** The events of this marble, in order. */
  readonly events: readonly AccountEvent[];
  /** How many of them are of the kind that it shows. */
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

/** What a bar stands for: an attempt, or the time before it. */
type BarKind = 'queue' | 'work' | 'pause';

export interface Bar {
  readonly kind: BarKind;
  readonly x: number;
  readonly width: number;
  /** It has not ended. */
  readonly isOpen: boolean;
  /** How it ended. */
  readonly end: EventName | undefined;
}

/** The least width of a bar in pixels, so that the shortest attempt is seen. */
const LEAST_WIDTH = 3;

interface Stretch {
  readonly kind: BarKind;
  readonly from: number;
  to: number | undefined;
  end: EventName | undefined;
}

/** The bars of a lane. What has not ended goes on to now. */
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
 * The bar that begins at an event, if any. Each event that begins or ends one ends the one before.
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
    // A newer request of an account in work waits.
    if (begins === undefined || (begins === 'queue' && open?.kind === 'work')) continue;
    const at = Date.parse(event.time);
    if (open !== undefined) Object.assign(open, { to: at, end: event.event });
    open = begins === 'none' ? undefined : { kind: begins, from: at, to: undefined, end: undefined };
    if (open !== undefined) stretches.push(open);
  }
  const kind = BAR_OF[condition];
  // What the snapshot says of it is newer than the events.
  if (open !== undefined && open.kind !== kind) open.to = Math.max(open.from, since);
  if (kind !== undefined && open?.kind !== kind) {
    stretches.push({ kind, from: since, to: undefined, end: undefined });
  }
  return stretches;
}
