import type { EventName, PublishedEvent } from '../domain/event.ts';
import { readMode } from '../domain/mode.ts';
import type { Rate } from '../domain/status.ts';

/** The periods of a snapshot's rates, in minutes. */
const PERIODS_MINUTES = [1, 5, 15] as const;
const BUCKET_MILLISECONDS = 10_000;
const BUCKETS = (PERIODS_MINUTES[PERIODS_MINUTES.length - 1] ?? 0) * (60_000 / BUCKET_MILLISECONDS);

type Counted = Exclude<keyof Rate, 'minutes'>;
const COUNTED: Partial<Record<EventName, Counted>> = {
  received: 'received',
  claimed: 'claimed',
  finished: 'finished',
  failed: 'failed',
};

interface Bucket {
  /**
   * The time since 1970 in units of `BUCKET_MILLISECONDS`. A bucket with another number is treated
   * as empty.
   */
  number: number;
  received: number;
  claimed: number;
  finished: number;
  failed: number;
}

/**
 * Counts the events of the last minutes, in steps of ten seconds and in constant memory.
 */
export interface RateCounter {
  count(event: PublishedEvent): void;
  /** `now`: milliseconds since 1970. */
  rates(now: number): Rate[];
}

export function countRates(): RateCounter {
  const ring: Bucket[] = Array.from({ length: BUCKETS }, () => empty(-1));

  const bucketAt = (at: number): Bucket => {
    const number = Math.floor(at / BUCKET_MILLISECONDS);
    const index = ((number % BUCKETS) + BUCKETS) % BUCKETS;
    const found = ring[index];
    if (found !== undefined && found.number === number) return found;
    const fresh = empty(number);
    ring[index] = fresh;
    return fresh;
  };

  return {
    count: (event) => {
      const key = COUNTED[event.event];
      if (key === undefined) return;
      const at = Date.parse(event.time);
      // An account that failed or was interrupted before the start is not a new request.
      if (event.event === 'received' && readMode(event.mode)?.phase !== 'requested') return;
      if (Number.isFinite(at)) bucketAt(at)[key] += 1;
    },
    rates: (now) => {
      const current = Math.floor(now / BUCKET_MILLISECONDS);
      return PERIODS_MINUTES.map((minutes) => {
        const oldest = current - minutes * (60_000 / BUCKET_MILLISECONDS);
        const sum = { minutes, received: 0, claimed: 0, finished: 0, failed: 0 };
        for (const bucket of ring) {
          if (bucket.number <= oldest || bucket.number > current) continue;
          sum.received += bucket.received;
          sum.claimed += bucket.claimed;
          sum.finished += bucket.finished;
          sum.failed += bucket.failed;
        }
        return sum;
      });
    },
  };
}

function empty(number: number): Bucket {
  return { number, received: 0, claimed: 0, finished: 0, failed: 0 };
}
