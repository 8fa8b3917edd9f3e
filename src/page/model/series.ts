import type { PublishedEvent } from '../../domain/event.ts';
import { readMode } from '../../domain/mode.ts';
import type { ServiceSnapshot } from '../../domain/status.ts';
import { failureKey } from './failure-key.ts';

/** The length of one step of a series, in milliseconds. */
const STEP = 5_000;
/** The number of steps: ten minutes. */
const STEPS = 120;
/** The most causes of failures that have a series of their own. */
const MOST_CAUSES = 100;

/** How several values of one step are combined: by their sum, or by the last one. */
type Kind = 'sum' | 'last';

/** The values of the latest steps of time, in constant memory. */
class Steps {
  readonly #kind: Kind;
  readonly #values = new Map<number, number>();

  constructor(kind: Kind) {
    this.#kind = kind;
  }

  add(time: number, value: number): void {
    const step = Math.floor(time / STEP);
    this.#values.set(step, (this.#kind === 'sum' ? (this.#values.get(step) ?? 0) : 0) + value);
    if (this.#values.size <= 2 * STEPS) return;
    for (const old of this.#values.keys()) if (old < step - STEPS) this.#values.delete(old);
  }

  /** Returns the values up to a time, the oldest first; undefined where nothing is known. */
  upTo(now: number): Array<number | undefined> {
    const last = Math.floor(now / STEP);
    const none = this.#kind === 'sum' ? 0 : undefined;
    return Array.from({ length: STEPS }, (_, index) => this.#values.get(last - STEPS + 1 + index) ?? none);
  }
}

export type SeriesName = 'received' | 'finished' | 'failed' | 'queued' | 'p50' | 'p95' | 'busy';

/** The values of the small plots: counts of events, and values from the snapshots. */
export class Series {
  readonly #named = newSteps();
  readonly #causes = new Map<string, Steps>();

  takeEvent(event: PublishedEvent): void {
    const at = Date.parse(event.time);
    if (event.event === 'received' && readMode(event.mode)?.phase === 'requested') this.#named.received.add(at, 1);
    if (event.event === 'finished') this.#named.finished.add(at, 1);
    if (event.event !== 'failed') return;
    this.#named.failed.add(at, 1);
    const key = failureKey(event, event.uid);
    let cause = this.#causes.get(key);
    if (cause === undefined) {
      if (this.#causes.size >= MOST_CAUSES) return;
      cause = new Steps('sum');
      this.#causes.set(key, cause);
    }
    cause.add(at, 1);
  }

  takeSnapshot({ time, counts, busy, attempts }: ServiceSnapshot): void {
    const at = Date.parse(time);
    this.#named.queued.add(at, counts.queued);
    this.#named.busy.add(at, busy);
    const [usual] = [...attempts].sort((one, other) => other.attempts - one.attempts);
    if (usual === undefined) return;
    this.#named.p50.add(at, usual.p50);
    this.#named.p95.add(at, usual.p95);
  }

  values(name: SeriesName, now: number): Array<number | undefined> {
    return this.#named[name].upTo(now);
  }

  /** Returns how often a cause has failed in each step. */
  ofCause(key: string, now: number): Array<number | undefined> {
    return this.#causes.get(key)?.upTo(now) ?? [];
  }
}

function newSteps(): Readonly<Record<SeriesName, Steps>> {
  return {
    received: new Steps('sum'),
    finished: new Steps('sum'),
    failed: new Steps('sum'),
    queued: new Steps('last'),
    p50: new Steps('last'),
    p95: new Steps('last'),
    busy: new Steps('last'),
  };
}
