import type { DirectoryChange } from './change.ts';
import type { AccountDirectory } from './directory.ts';
import type { DirectoryEntry } from './entry.ts';
import { readGeneralizedTime } from './timestamp.ts';

/**
 * A lower bound of the directory's clock, so that nothing is ever taken for older than it is.
 *
 * The directory stamps each write with its own time. A change that it reports, or the response to a
 * write, therefore shows its current time. Before the first of these, older stamps give a lower
 * bound. A stamp may lie in the future if that clock was wrong once, so none counts beyond this
 * host's time. This host's clock is used for nothing else.
 *
 * States: nothing known -> estimated (`takeStamp`, from older stamps) -> current
 * (`takeCurrentStamp`; then `takeStamp` is ignored).
 */
export class DirectoryClock {
  readonly #monotonic: () => number;
  readonly #hostTime: () => number;
  /**
   * The directory's time minus the monotonic time, in milliseconds; undefined until the first
   * stamp.
   */
  #offset: number | undefined;
  #isCurrent = false;

  /**
   * `monotonic` returns milliseconds of a monotonic clock; `hostTime` returns this host's time in
   * milliseconds since 1970.
   */
  constructor(monotonic: () => number, hostTime: () => number) {
    this.#monotonic = monotonic;
    this.#hostTime = hostTime;
  }

  /** Takes the stamps of a change that the subscription or a list reports. */
  takeChange(change: DirectoryChange): void {
    if (change.kind === 'refreshed') this.takeStamp(change.directoryTime);
    if (change.kind !== 'entry') return;
    const isOld = change.change === 'refresh' || change.change === 'list';
    if (isOld && this.#isCurrent) return;
    const stamp = stampOf(change.entry);
    if (isOld) this.takeStamp(stamp);
    else this.takeCurrentStamp(stamp);
  }

  /** The same operations. Each response sets this clock before the caller gets it. */
  observing(directory: AccountDirectory): AccountDirectory {
    const setBy = async (
      set: (stamp: number | undefined) => void,
      response: Promise<DirectoryEntry | undefined>,
    ): Promise<DirectoryEntry | undefined> => {
      const entry = await response;
      if (entry !== undefined) set(stampOf(entry));
      return entry;
    };
    const takeStamp = (stamp: number | undefined) => this.takeStamp(stamp);
    const takeCurrentStamp = (stamp: number | undefined) => this.takeCurrentStamp(stamp);
    return {
      modify: (dn, list, options) => setBy(takeCurrentStamp, directory.modify(dn, list, options)),
      read: (dn) => setBy(takeStamp, directory.read(dn)),
      find: (entryUUID) => setBy(takeStamp, directory.find(entryUUID)),
    };
  }

  /** Takes a stamp of any age, in milliseconds since 1970. */
  takeStamp(stamp: number | undefined): void {
    if (stamp === undefined || this.#isCurrent) return;
    const offset = Math.min(stamp, this.#hostTime()) - this.#monotonic();
    if (this.#offset === undefined || offset > this.#offset) this.#offset = offset;
  }

  /** Takes the stamp of a write that has just been made. */
  takeCurrentStamp(stamp: number | undefined): void {
    if (stamp === undefined) return;
    this.#offset = stamp - this.#monotonic();
    this.#isCurrent = true;
  }

  /**
   * The earliest possible time of the directory in milliseconds since 1970; undefined if nothing is
   * known.
   */
  now(): number | undefined {
    return this.#offset === undefined ? undefined : this.#offset + this.#monotonic();
  }
}

function stampOf(entry: DirectoryEntry): number | undefined {
  const [stamp] = entry.values('modifyTimestamp');
  return stamp === undefined ? undefined : readGeneralizedTime(stamp.toString('latin1'));
}
