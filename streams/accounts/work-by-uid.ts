import { LargeMap } from '../../src/domain/large-map.ts';
import { RecentMap } from '../../src/domain/recent-map.ts';

/**
 * The largest number of entries out of sight whose work is remembered: far more than get into work
 * while one handler runs.
 */
const MOST_OUT_OF_SIGHT = 20_000;

interface Work {
  /** When the work was seen last, in milliseconds of the caller's clock. */
  readonly since: number;
  /**
   * True if the entry is no longer seen under this uid. It was finished, removed, moved or renamed;
   * it is unknown which of these happened.
   */
  outOfSight: boolean;
}

/**
 * The entries on which services are at work, by the lane of the uid and by the entry. No two
 * scripts of a uid may run at once, also if two entries have the uid; and the entry shows when the
 * work has ended. An entry that goes out of sight is remembered: if it was removed during the work
 * and created again, it is another entry with the same uid. The caller judges by the age of the
 * work.
 */
export class WorkByUid {
  readonly #byLane = new LargeMap<Map<string, Work>>();
  /** The entries that are out of sight, oldest first, as [lane, id]. */
  readonly #outOfSight = new RecentMap<readonly [lane: string, id: string]>(MOST_OUT_OF_SIGHT);

  /**
   * To be called when work on the entry is seen. The latest time counts, because a later reading
   * may show an older state.
   */
  saw(lane: string, id: string, since: number): void {
    const latest = Math.max(since, this.on(lane, id) ?? since);
    this.ended(lane, id);
    const works = this.#byLane.get(lane) ?? new Map<string, Work>();
    this.#byLane.set(lane, works.set(id, { since: latest, outOfSight: false }));
  }

  /** To be called when no service is at work on the entry. */
  ended(lane: string, id: string): void {
    const works = this.#byLane.get(lane);
    if (works === undefined || !works.delete(id)) return;
    if (works.size === 0) this.#byLane.delete(lane);
    this.#outOfSight.delete(keyOf(lane, id));
  }

  /** To be called when the entry is no longer known under this uid. */
  lostSight(lane: string, id: string): void {
    const work = this.#byLane.get(lane)?.get(id);
    if (work === undefined || work.outOfSight) return;
    work.outOfSight = true;
    const oldest = this.#outOfSight.set(keyOf(lane, id), [lane, id]);
    if (oldest !== undefined) this.ended(...oldest);
  }

  /** To be called when the entry has another uid. */
  renamed(id: string, from: string, to: string): void {
    const since = from === to ? undefined : this.on(from, id);
    if (since === undefined) return;
    this.lostSight(from, id);
    this.saw(to, id, since);
  }

  /** Returns when work on the entry was seen last; undefined if none was. */
  on(lane: string, id: string): number | undefined {
    return this.#byLane.get(lane)?.get(id)?.since;
  }

  /** Whether the entry has gone out of sight since then. */
  isOutOfSight(lane: string, id: string): boolean {
    return this.#byLane.get(lane)?.get(id)?.outOfSight ?? false;
  }

  /**
   * Returns the latest time of work on other entries with the same uid; undefined if there is none.
   */
  onOtherEntries(lane: string, id: string): number | undefined {
    const others = [...(this.#byLane.get(lane) ?? [])].filter(([other]) => other !== id);
    return others.length === 0 ? undefined : Math.max(...others.map(([, { since }]) => since));
  }
}

function keyOf(lane: string, id: string): string {
  return `${lane}\n${id}`;
}
