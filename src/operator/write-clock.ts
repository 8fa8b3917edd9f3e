import type { PublishedEvent } from '../domain/event.ts';
import { readMode } from '../domain/mode.ts';
import { RecentMap } from '../domain/recent-map.ts';

/** How many accounts are timed at once, at most; beyond that the oldest is no longer timed. */
const CAPACITY = 100_000;

/** Milliseconds since a request was seen in the directory. */
export interface Elapsed {
  readonly to: 'claim' | 'finish';
  readonly milliseconds: number;
}

/**
 * Measures from the moment a requested mode was reported to its claim and to its end. Only live changes count: what a
 * refresh or a periodic list finds was written at a time that nobody saw, and what is put off waits for its day, not for us.
 */
export function timeWrites(): (event: PublishedEvent) => Elapsed | undefined {
  const seen = new RecentMap<number>(CAPACITY);
  const claimed = new RecentMap<number>(CAPACITY);

  return (event) => {
    if (!('uid' in event) || event.uid === undefined) return undefined;
    const uid = event.uid.toLowerCase();
    const at = Date.parse(event.time);
    switch (event.event) {
      case 'received':
        if (readMode(event.mode)?.phase !== 'requested') return undefined;
        if (event.change === 'refresh' || event.change === 'list') return undefined;
        seen.set(uid, at);
        return undefined;
      case 'claimed': {
        const written = seen.get(uid);
        if (written === undefined) return undefined;
        seen.delete(uid);
        claimed.set(uid, written);
        return { to: 'claim', milliseconds: at - written };
      }
      case 'finished': {
        const written = claimed.get(uid);
        claimed.delete(uid);
        return written === undefined ? undefined : { to: 'finish', milliseconds: at - written };
      }
      case 'failed':
      case 'superseded':
      case 'conflict':
        claimed.delete(uid);
        return undefined;
      case 'deferred':
      case 'waiting':
      case 'skipped':
      case 'left':
        seen.delete(uid);
        return undefined;
      default:
        return undefined;
    }
  };
}
