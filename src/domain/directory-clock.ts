import type { DirectoryChange } from './change.ts';
import type { AccountDirectory } from './directory.ts';
import type { DirectoryEntry } from './entry.ts';
import { readGeneralizedTime } from './timestamp.ts';

/**
 * The directory's clock, as far as it has shown itself: a lower bound, so that nothing is ever taken for older than it is.
 *
 * The directory stamps what is written with its own time. What it tells of at that moment (a change, the answer to a write)
 * shows the clock as it is. Until then older stamps serve, which tell that this much at least has passed over there: but as any
 * of them may lie in the future, from a time when that clock was wrong, none counts beyond this host's time. Beyond that this
 * host's clock plays no part.
 */
export class DirectoryClock {
  readonly #monotonic: () => number;
  readonly #hostTime: () => number;
  /** The directory's time less the monotonic time, in milliseconds; undefined while nothing was seen. */
  #offset: number | undefined;
  #isShown = false;

  /** `monotonic`: milliseconds on a clock that only goes forward; `hostTime`: this host's, in milliseconds since 1970. */
  constructor(monotonic: () => number, hostTime: () => number) {
    this.#monotonic = monotonic;
    this.#hostTime = hostTime;
  }

  /** What the subscription, or a list, tells. */
  told(change: DirectoryChange): void {
    if (change.kind === 'refreshed') this.saw(change.directoryTime);
    if (change.kind !== 'entry') return;
    const isOld = change.change === 'refresh' || change.change === 'list';
    if (isOld && this.#isShown) return;
    const stamp = stampOf(change.entry);
    if (isOld) this.saw(stamp);
    else this.showed(stamp);
  }

  /** The same directory, by whose answers this clock is set before whoever asked has them. */
  watching(directory: AccountDirectory): AccountDirectory {
    const setBy = async (
      set: (stamp: number | undefined) => void,
      asked: Promise<DirectoryEntry | undefined>,
    ): Promise<DirectoryEntry | undefined> => {
      const entry = await asked;
      if (entry !== undefined) set(stampOf(entry));
      return entry;
    };
    const saw = (stamp: number | undefined) => this.saw(stamp);
    const showed = (stamp: number | undefined) => this.showed(stamp);
    return {
      modify: (dn, list, options) => setBy(showed, directory.modify(dn, list, options)),
      read: (dn) => setBy(saw, directory.read(dn)),
      find: (entryUUID) => setBy(saw, directory.find(entryUUID)),
    };
  }

  /** A stamp of whatever age was seen, in milliseconds since 1970. */
  saw(stamp: number | undefined): void {
    if (stamp === undefined || this.#isShown) return;
    const offset = Math.min(stamp, this.#hostTime()) - this.#monotonic();
    if (this.#offset === undefined || offset > this.#offset) this.#offset = offset;
  }

  /** A stamp was seen of something that was written just now. */
  showed(stamp: number | undefined): void {
    if (stamp === undefined) return;
    this.#offset = stamp - this.#monotonic();
    this.#isShown = true;
  }

  /** The directory's time is this, or later; undefined while nothing is known. */
  now(): number | undefined {
    return this.#offset === undefined ? undefined : this.#offset + this.#monotonic();
  }
}

function stampOf(entry: DirectoryEntry): number | undefined {
  const [stamp] = entry.values('modifyTimestamp');
  return stamp === undefined ? undefined : readGeneralizedTime(stamp.toString('latin1'));
}
