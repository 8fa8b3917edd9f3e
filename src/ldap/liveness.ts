/**
 * Judges from times alone whether a connection still lives: a peer that is silent is asked, one that stays silent is given
 * up, and so is a refresh that makes no progress although the peer answers, and a stream in which a damaged length swallows
 * whatever comes. Times are milliseconds of a monotonic clock.
 */

export type Verdict =
  | { readonly kind: 'alive'; readonly inMilliseconds: number }
  /** Nothing was received for half the time: ask. */
  | { readonly kind: 'probe'; readonly inMilliseconds: number }
  | { readonly kind: 'silent' }
  /** Bytes came, but no whole message for twice the time. */
  | { readonly kind: 'garbled' }
  | { readonly kind: 'stuck' };

export class Liveness {
  readonly #deadAfter: number;
  #receivedAt: number;
  #deliveredAt: number;
  #progressAt: number | undefined;
  #probed = false;

  constructor(deadAfterMilliseconds: number, now: number) {
    this.#deadAfter = deadAfterMilliseconds;
    this.#receivedAt = now;
    this.#deliveredAt = now;
  }

  /** Bytes came, of whatever kind. */
  received(now: number): void {
    this.#receivedAt = now;
    this.#probed = false;
  }

  /** A whole message came. */
  delivered(now: number): void {
    this.#deliveredAt = now;
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
    const untilGarbled = 2 * this.#deadAfter - (now - this.#deliveredAt);
    if (untilGarbled <= 0) return { kind: 'garbled' };
    const untilStuck = this.#progressAt === undefined ? untilGarbled : this.#deadAfter - (now - this.#progressAt);
    if (untilStuck <= 0) return { kind: 'stuck' };
    const atMost = Math.min(untilStuck, untilGarbled);
    const half = this.#deadAfter / 2;
    if (silence < half) return { kind: 'alive', inMilliseconds: Math.min(half - silence, atMost) };
    const inMilliseconds = Math.min(this.#deadAfter - silence, atMost);
    if (this.#probed) return { kind: 'alive', inMilliseconds };
    this.#probed = true;
    return { kind: 'probe', inMilliseconds };
  }
}
