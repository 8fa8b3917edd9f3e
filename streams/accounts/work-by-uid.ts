import { LargeMap } from '../../src/domain/large-map.ts';
import { RecentMap } from '../../src/domain/recent-map.ts';

/** Work on entries that are out of sight: far more than begins while one handler runs. */
const MOST_OUT_OF_SIGHT = 20_000;

interface Work {
  /** When it was seen last, in milliseconds by the clock of whoever asks. */
  readonly since: number;
  /**
   * The entry is no longer known under this uid: finished, removed, moved or renamed, nobody said
   * which.
   */
  outOfSight: boolean;
}

/**
 * Who is being worked on: by the lane of the uid, as no two scripts of a uid may run at once,
 * whichever entries it belongs to; and by the entry, as that tells when the work has ended. An
 * entry that goes out of sight is remembered: removed in mid-work and created anew, it is another
 * one with the same uid. Who asks judges by the age.
 */
export class WorkByUid {
  readonly #byLane = new LargeMap<Map<string, Work>>();
  /** Entries that are out of sight, oldest first, as [lane, id]. */
  readonly #outOfSight = new RecentMap<readonly [lane: string, id: string]>(MOST_OUT_OF_SIGHT);

  /**
   * Somebody is at work on the entry. What is read may be older than what has been told: the latest
   * time counts.
   */
  saw(lane: string, id: string, since: number): void {
    const latest = Math.max(since, this.on(lane, id) ?? since);
    this.ended(lane, id);
    const works = this.#byLane.get(lane) ?? new Map<string, Work>();
    this.#byLane.set(lane, works.set(id, { since: latest, outOfSight: false }));
  }

  /** Nobody is at work on the entry. */
  ended(lane: string, id: string): void {
    const works = this.#byLane.get(lane);
    if (works === undefined || !works.delete(id)) return;
    if (works.size === 0) this.#byLane.delete(lane);
    this.#outOfSight.delete(keyOf(lane, id));
  }

  /** The entry is no longer known under this uid. */
  lostSight(lane: string, id: string): void {
    const work = this.#byLane.get(lane)?.get(id);
    if (work === undefined || work.outOfSight) return;
    work.outOfSight = true;
    const oldest = this.#outOfSight.set(keyOf(lane, id), [lane, id]);
    if (oldest !== undefined) this.ended(...oldest);
  }

  /** The entry has another uid now. */
  renamed(id: string, from: string, to: string): void {
    const since = from === to ? undefined : this.on(from, id);
    if (since === undefined) return;
    this.lostSight(from, id);
    this.saw(to, id, since);
  }

  /** Since when somebody has been at work on the entry; undefined where nobody was seen. */
  on(lane: string, id: string): number | undefined {
    return this.#byLane.get(lane)?.get(id)?.since;
  }

  /** Whether the entry has been lost from sight since then. */
  isOutOfSight(lane: string, id: string): boolean {
    return this.#byLane.get(lane)?.get(id)?.outOfSight ?? false;
  }

  /** The same for other entries with the same uid: the latest. */
  besides(lane: string, id: string): number | undefined {
    const others = [...(this.#byLane.get(lane) ?? [])].filter(([other]) => other !== id);
    return others.length === 0 ? undefined : Math.max(...others.map(([, { since }]) => since));
  }
}

function keyOf(lane: string, id: string): string {
  return `${lane}\n${id}`;
}
