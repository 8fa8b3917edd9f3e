/**
 * Judges from times alone whether a connection still lives: a peer that is silent is asked, one that stays silent is given
 * up, and so is a refresh that makes no progress although the peer answers. Times are milliseconds of a monotonic clock.
 */

export type Verdict =
  | { readonly kind: 'alive'; readonly inMilliseconds: number }
  /** Nothing was received for half the time: ask. */
  | { readonly kind: 'probe'; readonly inMilliseconds: number }
  | { readonly kind: 'silent' }
  | { readonly kind: 'stuck' };

export class Liveness {
  readonly #deadAfter: number;
  #receivedAt: number;
  #progressAt: number | undefined;
  #probed = false;

  constructor(deadAfterMilliseconds: number, now: number) {
    this.#deadAfter = deadAfterMilliseconds;
    this.#receivedAt = now;
  }

  /** Bytes came, of whatever kind. */
  received(now: number): void {
    this.#receivedAt = now;
    this.#probed = false;
  }

  /** A refresh began, or an entry of it came. */
  progressed(now: number): void {
    this.#progressAt = now;
  }

  /** No refresh is under way any more: silence about the content is normal from here on. */
  refreshed(): void {
    this.#progressAt = undefined;
  }

  /** What to do now, and when to ask again. */
  judge(now: number): Verdict {
    const silence = now - this.#receivedAt;
    if (silence >= this.#deadAfter) return { kind: 'silent' };
    if (this.#progressAt !== undefined && now - this.#progressAt >= this.#deadAfter) return { kind: 'stuck' };
    const untilStuck = this.#progressAt === undefined ? this.#deadAfter : this.#deadAfter - (now - this.#progressAt);
    const half = this.#deadAfter / 2;
    if (silence < half) return { kind: 'alive', inMilliseconds: Math.min(half - silence, untilStuck) };
    const inMilliseconds = Math.min(this.#deadAfter - silence, untilStuck);
    if (this.#probed) return { kind: 'alive', inMilliseconds };
    this.#probed = true;
    return { kind: 'probe', inMilliseconds };
  }
}
