import type { PublishedEvent } from '../domain/event.ts';
import { readMode } from '../domain/mode.ts';
import { RecentMap } from '../domain/recent-map.ts';

/** The most accounts that are timed at once. If there are more, the oldest one is dropped. */
const CAPACITY = 100_000;

/** The time since a request was reported, in milliseconds. */
export interface Elapsed {
  readonly to: 'claim' | 'finish';
  readonly milliseconds: number;
}

/**
 * Measures the time from a request to its claim and to its finished state. The time begins when a
 * change is reported. If a refresh or a list contains the request, the time begins at its
 * modifyTimestamp, because it was written earlier. A deferred account is not timed, because it
 * waits for its day.
 *
 * States of an account:
 *   not timed -> seen      a request was received
 *   seen -> claimed        the request was claimed
 *   any -> not timed       the attempt has ended, or the account waits or has left
 */
export function requestTimer(): (event: PublishedEvent) => Elapsed | undefined {
  const seen = new RecentMap<number>(CAPACITY);
  const claimed = new RecentMap<number>(CAPACITY);

  return (event) => {
    if (!('uid' in event) || event.uid === undefined) return undefined;
    const uid = event.uid.toLowerCase();
    switch (event.event) {
      case 'received':
        if (readMode(event.mode)?.phase === 'requested') seen.set(uid, writtenAt(event));
        return undefined;
      case 'claimed': {
        const written = take(seen, uid);
        if (written !== undefined) claimed.set(uid, written);
        return elapsed('claim', written, event);
      }
      case 'finished':
        return elapsed('finish', take(claimed, uid), event);
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

function take(times: RecentMap<number>, uid: string): number | undefined {
  const time = times.get(uid);
  times.delete(uid);
  return time;
}

/**
 * When the request was written, in milliseconds since 1970. If the directory does not say, the time
 * at which it was seen.
 */
function writtenAt({ time, writtenAt: stamp }: { readonly time: string; readonly writtenAt?: string }): number {
  const at = Date.parse(time);
  return stamp === undefined ? at : Math.min(at, Date.parse(stamp));
}

function elapsed(
  to: Elapsed['to'],
  written: number | undefined,
  { time }: Pick<PublishedEvent, 'time'>,
): Elapsed | undefined {
  return written === undefined ? undefined : { to, milliseconds: Date.parse(time) - written };
}
