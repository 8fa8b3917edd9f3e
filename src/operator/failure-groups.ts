import { defined } from '../domain/defined.ts';
import { causeKey } from '../domain/failure-cause.ts';
import type { FailedStatus, FailureGroup } from '../domain/status.ts';
import { isoTime } from '../domain/timestamp.ts';

/**
 * The most groups of failures with different last words. Further failures are grouped without their
 * last words.
 */
const MOST_GROUPS = 100;
/** The number of uids that a group names. */
const NAMED_UIDS = 3;

interface Cause {
  readonly returnValue: number;
  readonly step: string | undefined;
  readonly cause: string | undefined;
}

type Failure = Pick<FailedStatus, 'uid' | 'returnValue' | 'step' | 'cause'> & { readonly since: number | undefined };

interface Group extends Cause {
  count: number;
  first: number;
  last: number;
  readonly uids: string[];
}

/**
 * Groups failures by return code, step and the last words of the script. Parts of the last words
 * that differ from account to account are ignored.
 */
export class FailureGroups {
  readonly #groups = new Map<string, Group>();
  readonly #namedUids: number;

  constructor(namedUids = NAMED_UIDS) {
    this.#namedUids = namedUids;
  }

  add({ uid, returnValue, step, cause, since }: Failure): void {
    const group = this.#groupOf({ returnValue, step, cause }, uid);
    group.count += 1;
    group.first = Math.min(group.first, since ?? group.first);
    group.last = Math.max(group.last, since ?? group.last);
    if (group.uids.length < this.#namedUids) group.uids.push(uid);
  }

  /** The groups, the largest one first. */
  groups(): FailureGroup[] {
    return [...this.#groups.values()]
      .sort((one, other) => other.count - one.count)
      .map(({ returnValue, step, cause, count, first, last, uids }) => ({
        returnValue,
        ...defined({ step, cause }),
        count,
        ...(last === Number.NEGATIVE_INFINITY ? {} : { first: isoTime(first), last: isoTime(last) }),
        uids,
      }));
  }

  #groupOf(cause: Cause, uid: string): Group {
    const key = causeKey({ ...cause, words: cause.cause }, uid);
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    if (this.#groups.size >= MOST_GROUPS && cause.cause !== undefined) {
      return this.#groupOf({ ...cause, cause: undefined }, uid);
    }
    const group = { ...cause, count: 0, first: Number.POSITIVE_INFINITY, last: Number.NEGATIVE_INFINITY, uids: [] };
    this.#groups.set(key, group);
    return group;
  }
}
