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
 * States: nothing known -> estimated (`saw`, from older stamps) -> shown (`showed`; then `saw` is
 * ignored).
 */
export class DirectoryClock {
  readonly #monotonic: () => number;
  readonly #hostTime: () => number;
  /**
   * The directory's time minus the monotonic time, in milliseconds; undefined until the first
   * stamp.
   */
  #offset: number | undefined;
  #isShown = false;

  /**
   * `monotonic` returns milliseconds of a monotonic clock; `hostTime` returns this host's time in
   * milliseconds since 1970.
   */
  constructor(monotonic: () => number, hostTime: () => number) {
    this.#monotonic = monotonic;
    this.#hostTime = hostTime;
  }

  /** Takes the stamps of a change that the subscription or a list reports. */
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

  /** Takes a stamp of any age, in milliseconds since 1970. */
  saw(stamp: number | undefined): void {
    if (stamp === undefined || this.#isShown) return;
    const offset = Math.min(stamp, this.#hostTime()) - this.#monotonic();
    if (this.#offset === undefined || offset > this.#offset) this.#offset = offset;
  }

  /** Takes the stamp of a write that has just been made. */
  showed(stamp: number | undefined): void {
    if (stamp === undefined) return;
    this.#offset = stamp - this.#monotonic();
    this.#isShown = true;
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
