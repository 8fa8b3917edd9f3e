import { Observable, type OperatorFunction } from 'rxjs';
import type { HoldReason } from '../../src/domain/condition.ts';
import { moreOf, type Place } from '../held-places.ts';
import type { Arrival } from './group-per-uid.ts';
import { HeldItems, type HeldItemsOptions, type Later } from './held-items.ts';

/**
 * What arrives: an item and when it is due, an item whose turn has ended, or the id of an item that
 * is no longer wanted.
 */
export type Held<T> =
  | {
      readonly kind: 'hold';
      readonly key: string;
      readonly id: string;
      readonly item: T;
      readonly due: Due;
      /**
       * Why it is not passed on now. An item that is due `never` is held only if there is a reason.
       */
      readonly why?: HoldReason | undefined;
      /** The item was not reported as queued yet. If it was held, `released` reports it. */
      readonly quiet?: boolean;
      /** The item with this id that waits for a slot is out of date, and is dropped. */
      readonly replaces?: boolean;
    }
  /** Nothing follows until a newer item arrives. An item that is held already is newer. */
  | { readonly kind: 'rest'; readonly key: string; readonly id: string; readonly item: T; readonly why: HoldReason }
  | { readonly kind: 'drop'; readonly id: string };

/** `never`: nothing is done until a newer item with the same id arrives. */
export type Due = Later | 'now' | 'never';

export interface HoldOptions<T> extends HeldItemsOptions<T> {
  /** Returns the item to pass on in place of one that was held: that one may be out of date. */
  readonly released: (item: T) => T;
  /** Called with a held item when a newer one with the same id replaces it. */
  readonly discarded: (item: T, newer: T) => void;
  /** Called with a held item when it is dropped. */
  readonly dropped?: (item: T) => void;
}

/**
 * Passes on what is due, and holds the rest until its day or its time, or until a newer item with
 * the same id arrives. Drops are passed on. Memory is bounded by the items that are held.
 *
 * `HeldItems` has the states of an item that is held.
 *
 * An item that is due `now` is not held. One that is due `never` is held until a newer one arrives.
 */
export function holdUntilDue<T>(options: HoldOptions<T>): OperatorFunction<Held<T>, Arrival<T>> {
  return (source) =>
    new Observable<Arrival<T>>((subscriber) => {
      const pass = (arrival: Arrival<T>) => subscriber.next(arrival);
      const held = new HeldItems<T>(options, ({ key, id, item }) =>
        pass({ kind: 'put', key, id, item: options.released(item) }),
      );
      const arrivals = source.subscribe({
        next: (arrival) => take(arrival, held, options, pass),
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
      subscriber.add(arrivals);
      subscriber.add(() => held.stop());
    });
}

function take<T>(
  arrival: Held<T>,
  held: HeldItems<T>,
  options: HoldOptions<T>,
  pass: (arrival: Arrival<T>) => void,
): void {
  if (arrival.kind === 'rest') {
    held.rest(arrival);
    return;
  }
  const before = held.remove(arrival.id);
  if (arrival.kind === 'hold') {
    renew(arrival, before, held, options, pass);
    return;
  }
  if (before !== undefined) options.dropped?.(before.item);
  pass(arrival);
}

/** Holds a newer item in place of the older one, or passes it on. */
function renew<T>(
  arrival: Extract<Held<T>, { readonly kind: 'hold' }>,
  before: Place<T> | undefined,
  held: HeldItems<T>,
  { released, discarded }: HoldOptions<T>,
  pass: (arrival: Arrival<T>) => void,
): void {
  const { key, id, item, due, quiet = false, replaces = false } = arrival;
  const hadTime = before !== undefined && !before.rests;
  if (hadTime) discarded(before.item, item);
  const why = moreOf(before?.why, arrival.why);
  if (replaces) pass({ kind: 'drop', id });
  const isRelease = quiet && hadTime;
  if (due === 'now') pass({ kind: 'put', key, id, item: isRelease ? released(item) : item });
  else if (due !== 'never') held.add({ key, id, item, why }, due);
  else if (why !== undefined) held.rest({ key, id, item, why });
}
