import { type Observable, Subject } from 'rxjs';
import type { AccountsView, Condition } from '../src/domain/condition.ts';
import type { AccountCounts } from '../src/domain/status.ts';
import type { Candidate } from './candidate.ts';
import { HeldPlaces, type Place } from './held-places.ts';
import { Lanes } from './lanes.ts';
import { RunningHandlers } from './running-handlers.ts';
import { Turns } from './turns.ts';

/**
 * The accounts in the stream, in the three places that hold them: until they are due (`held`),
 * until they have a slot (`lanes`), and during their turn (`turns`). Only the operators write to
 * these places. An account can be in two of them: if its request was changed while it waited for a
 * slot, it is held for the newer request, and still waits with the older one.
 */
export class AccountsInStream implements AccountsView {
  #slots: number;
  readonly #resized$ = new Subject<number>();
  readonly held = new HeldPlaces<Candidate>();
  readonly lanes = new Lanes<Candidate>();
  readonly turns: Turns;
  /** The handlers of the turns in work. */
  readonly handlers = new RunningHandlers();

  /** `now`: milliseconds since 1970. */
  constructor(slots: number, now: () => number) {
    this.#slots = slots;
    this.turns = new Turns(now);
  }

  get slots(): number {
    return this.#slots;
  }

  /** Emits the number of slots when it is changed. */
  get resized$(): Observable<number> {
    return this.#resized$;
  }

  resize(slots: number): void {
    if (slots === this.#slots) return;
    this.#slots = slots;
    this.#resized$.next(slots);
  }

  /** Another account may have taken a slot that is lent. */
  get busy(): number {
    return Math.min(this.slots, this.lanes.works);
  }

  counts(): AccountCounts {
    const { deferred, waiting, retrying, failed } = this.held.counts;
    const turns = this.turns.counts;
    const queued = this.lanes.waits;
    let open = queued + deferred + waiting + retrying + failed;
    for (const id of this.turns.ids()) if (!this.lanes.has(id) && !this.held.has(id)) open += 1;
    return {
      open,
      queued,
      inWork: turns.inWork,
      retrying: retrying + turns.paused,
      failed,
      deferred,
      waiting: waiting + turns.waiting,
    };
  }

  *conditions(): Generator<Condition> {
    yield* this.turns.conditions();
    for (const place of this.held.values()) yield heldCondition(place);
    for (const { item } of this.lanes.waiting()) yield queuedCondition(item);
  }
}

function queuedCondition({ record, ownWork }: Candidate): Condition {
  const { uid, dn, mode, modifiedAt } = record;
  return { uid, dn, mode, condition: 'queued', since: ownWork?.failedAt ?? modifiedAt };
}

function heldCondition({ item, why }: Place<Candidate>): Condition {
  const { uid, dn, mode, modifiedAt } = item.record;
  // An item without a reason is about to be queued.
  if (why === undefined) return queuedCondition(item);
  const since = 'failedAt' in why ? why.failedAt : undefined;
  return { uid, dn, mode, since: since ?? modifiedAt, ...why };
}
