import { type Observable, Subject } from 'rxjs';
import type { Report } from '../src/domain/event.ts';
import { type Mode, readMode } from '../src/domain/mode.ts';
import type { Pause, PauseBy, PauseOrder } from '../src/domain/pause.ts';
import type { Candidate } from './candidate.ts';

/**
 * The gate before the turns: while the service is paused, no turn begins that would run a handler.
 *
 *   open -> closed      a pause begins
 *   closed -> closed    another one begins or ends, or one begins anew with another reason
 *   closed -> open      the last one ends
 *
 * There is at most one pause by each of the operator, the switch and the brake. What the gate holds
 * waits in its lane, in order, and a newer request replaces it there. Turns that have begun go on,
 * and an outcome that is to be written passes, so that running work ends in peace.
 */
export class Gate {
  readonly #report: Report;
  readonly #now: () => number;
  readonly #pauses = new Map<PauseBy, Pause>();
  /** The pauses that were reported. */
  readonly #told = new Set<PauseBy>();
  readonly #opened$ = new Subject<void>();

  /** `now`: milliseconds since 1970. */
  constructor(report: Report, now: () => number) {
    this.#report = report;
    this.#now = now;
  }

  /** Emits when a pause has ended: what was held may pass. */
  get opened$(): Observable<void> {
    return this.#opened$;
  }

  /** The pauses of this moment, the oldest first. */
  pauses(): readonly Pause[] {
    return [...this.#pauses.values()];
  }

  /** Begins a pause, or gives it another reason. It is as old as it was. */
  pause(order: PauseOrder): void {
    this.pauseQuietly(order);
    this.#told.add(order.by);
    this.#report({ event: 'paused', ...order });
  }

  /** Begins a pause of the start, which is usually over in a moment, and is not reported. */
  pauseQuietly(order: PauseOrder): void {
    const { since = this.#now() } = this.#pauses.get(order.by) ?? {};
    this.#pauses.set(order.by, { ...order, since });
  }

  /** Ends the pause by one of the three, and returns it; undefined if there is none. */
  resume(by: PauseBy, who?: string): Pause | undefined {
    const pause = this.#pauses.get(by);
    if (pause === undefined) return undefined;
    this.#pauses.delete(by);
    const milliseconds = Math.max(0, this.#now() - pause.since);
    if (this.#told.delete(by)) {
      this.#report({ event: 'resumedWork', by, milliseconds, ...(who === undefined ? {} : { who }) });
    }
    this.#opened$.next();
    return pause;
  }

  /** Whether a candidate is held before its turn. */
  holds({ ownWork, record }: Candidate): boolean {
    return ownWork?.kind !== 'unwritten' && this.holdsMode(readMode(record.mode)?.mode);
  }

  /** Whether no handler for this mode may be begun. */
  holdsMode(mode: Mode | undefined): boolean {
    for (const { holds } of this.#pauses.values()) {
      if (holds === 'everything' || mode === 'delete') return true;
    }
    return false;
  }
}
