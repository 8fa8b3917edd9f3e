import { type Observable, Subject } from 'rxjs';
import { Brake, type BrakeRules } from '../src/domain/brake.ts';
import { defined } from '../src/domain/defined.ts';
import type { Report } from '../src/domain/event.ts';
import { destroys, type Mode, readMode } from '../src/domain/mode.ts';
import type { Pause, PauseBy, PauseOrder } from '../src/domain/pause.ts';
import type { Candidate } from './candidate.ts';

/**
 * The gate before the turns: while the service is paused, no turn begins that would run a handler.
 *
 *   open -> closed      a pause begins
 *   closed -> closed    another one begins or ends, or one gets another reason
 *   closed -> open      the last one ends
 *
 * There is at most one pause by each of the operator, the switch and the brake. A candidate that
 * the gate holds waits in its lane, in order, and a newer request replaces it there. Turns that
 * have begun continue, and a candidate with an outcome that is not written yet passes, so that
 * running work can end.
 *
 * The brake pauses deletes when one would be too many, until an operator resumes them.
 */
export class Gate {
  readonly #report: Report;
  readonly #now: () => number;
  readonly #pauses = new Map<PauseBy, Pause>();
  /** The pauses that were reported. */
  readonly #reported = new Set<PauseBy>();
  readonly #opened$ = new Subject<void>();
  /** Undefined if deletes are not counted. */
  readonly brake: Brake | undefined;
  #isCounted = true;

  /** `now`: milliseconds since 1970. `rules`: those of the brake; undefined: there is none. */
  constructor(report: Report, now: () => number, rules?: BrakeRules) {
    this.#report = report;
    this.#now = now;
    this.brake = rules === undefined ? undefined : new Brake(rules);
  }

  /** Emits when a pause has ended: candidates that were held may pass. */
  get opened$(): Observable<void> {
    return this.#opened$;
  }

  /** The pauses of this moment, the oldest first. */
  pauses(): readonly Pause[] {
    return [...this.#pauses.values()];
  }

  /** Begins a pause, or gives a pause another reason. The time of its beginning stays. */
  pause(order: PauseOrder): void {
    this.pauseQuietly(order);
    this.#reported.add(order.by);
    this.#report({ event: 'paused', ...order });
  }

  /**
   * Begins a pause without a report. It is for the start of the service, where it usually ends at
   * once.
   */
  pauseQuietly(order: PauseOrder): void {
    const { since = this.#now() } = this.#pauses.get(order.by) ?? {};
    this.#pauses.set(order.by, { ...order, since });
  }

  /** Ends the pause by one of the three, and returns it; undefined if there is none. */
  resume(by: PauseBy, who?: string): Pause | undefined {
    const pause = this.#pauses.get(by);
    if (pause === undefined) return undefined;
    this.#pauses.delete(by);
    if (by === 'brake') {
      this.#isCounted = true;
      this.brake?.forget(this.#now());
    }
    const milliseconds = Math.max(0, this.#now() - pause.since);
    if (this.#reported.delete(by)) {
      this.#report({ event: 'resumedWork', by, milliseconds, ...defined({ who }) });
    }
    this.#opened$.next();
    return pause;
  }

  /** Whether a candidate is held before its turn. */
  holds({ id, ownWork, settlement, record }: Candidate): boolean {
    if (ownWork?.kind === 'unwritten' || settlement !== undefined) return false;
    const mode = readMode(record.mode)?.mode;
    return this.#isClosedFor(mode) || (isDelete(mode) && this.#isBraked(id));
  }

  /**
   * Whether a handler for this mode may be begun. A delete is counted if it may; `claimed` or
   * `notClaimed` follows.
   */
  admits(id: string, mode: Mode): boolean {
    if (this.#isClosedFor(mode)) return false;
    if (!isDelete(mode) || this.brake === undefined || this.brake.admit(id, this.#now())) return true;
    this.#engage(this.brake.rules);
    return false;
  }

  claimed(id: string): void {
    this.brake?.claimed(id);
  }

  notClaimed(id: string): void {
    this.brake?.notClaimed(id);
  }

  /** Holds deletes until the recent ones have been counted (`counted`). */
  awaitCount(): void {
    this.#isCounted = false;
    this.pauseQuietly({ by: 'brake', holds: 'deletes', reason: 'the deletes of the last time are not counted yet' });
  }

  /** To be called when all recent deletes have been passed to `sawDelete`. */
  counted(): void {
    if (this.#isCounted) return;
    this.#isCounted = true;
    this.#pauses.delete('brake');
    this.#opened$.next();
  }

  /** Counts a delete that began elsewhere, or before the start of this service. */
  sawDelete(id: string, at: number | undefined): void {
    const now = this.#now();
    this.brake?.saw(id, at ?? now, now);
  }

  #isClosedFor(mode: Mode | undefined): boolean {
    for (const { holds } of this.#pauses.values()) if (holds === 'everything' || isDelete(mode)) return true;
    return false;
  }

  #isBraked(id: string): boolean {
    if (this.brake?.isOver(id, this.#now()) !== true) return false;
    this.#engage(this.brake.rules);
    return true;
  }

  /** A delete would exceed the limit, so no delete begins until an operator resumes them. */
  #engage({ deletes, within }: BrakeRules): void {
    const reason = `${deletes} deletes have begun within ${minutes(within)} (brake.deletes); resume lets the others go on`;
    this.pause({ by: 'brake', holds: 'deletes', reason });
  }
}

function isDelete(mode: Mode | undefined): boolean {
  return mode !== undefined && destroys(mode);
}

function minutes(milliseconds: number): string {
  return milliseconds % 60_000 === 0 ? `${milliseconds / 60_000} min` : `${milliseconds / 1_000} s`;
}
