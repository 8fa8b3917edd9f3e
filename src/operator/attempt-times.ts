import { isSameDn } from '../domain/dn.ts';
import type { PublishedEvent } from '../domain/event.ts';
import { eachMode, MODES, type Mode, readMode } from '../domain/mode.ts';
import type { AttemptTimes } from '../domain/status.ts';

/** The number of attempts of each mode that are remembered. */
const REMEMBERED = 200;
/** The fewest attempts for which a median is meaningful. */
const FEWEST = 3;

/** Records how long the last successful attempts of each mode took, in constant memory. */
export class RecentAttempts {
  readonly #times = eachMode<number[]>(() => []);
  readonly #except: string | undefined;

  /** `except`: the DN of the canary. Its attempts run no script, so their times say nothing. */
  constructor(except?: string) {
    this.#except = except;
  }

  observe(event: PublishedEvent): void {
    if (event.event !== 'finished') return;
    if (this.#except !== undefined && isSameDn(event.dn, this.#except)) return;
    const mode = readMode(event.mode)?.mode;
    if (mode === undefined) return;
    const times = this.#times[mode];
    times.push(event.milliseconds);
    if (times.length > REMEMBERED) times.shift();
  }

  /** The time that half of the last attempts took at most; undefined if there were too few. */
  median(mode: Mode): number | undefined {
    const times = this.#times[mode];
    return times.length < FEWEST ? undefined : quantile(times, 0.5);
  }

  times(): AttemptTimes[] {
    return MODES.flatMap((mode) => {
      const times = this.#times[mode];
      if (times.length === 0) return [];
      return [{ mode, attempts: times.length, p50: quantile(times, 0.5), p95: quantile(times, 0.95) }];
    });
  }
}

/**
 * The quantile by the nearest rank, so it is one of the values. There must be at least one value.
 */
function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
}
