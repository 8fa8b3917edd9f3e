/**
 * Decides from times alone whether a connection is still alive. Times are milliseconds of a
 * monotonic clock.
 * - A silent peer is probed, and given up if it stays silent.
 * - A refresh without progress is given up, even if the peer answers probes.
 * - A stream that completes no message is given up: a damaged length field swallows everything that
 *   follows. A large message may take any time as long as its bytes arrive at `MINIMUM_RATE`.
 * Arriving bytes renew the time limit of a message, but never beyond its full length. So a fast
 * stream that a damaged length swallows is still given up soon after it falls silent.
 */

/**
 * Bytes per millisecond. An unfinished message that arrives at this rate is not taken for damage,
 * however long it takes.
 */
export const MINIMUM_RATE = 64;

export type LivenessVerdict =
  | { readonly kind: 'alive'; readonly inMilliseconds: number }
  /** Nothing was received for half of `deadAfter`: send a probe. */
  | { readonly kind: 'probe'; readonly inMilliseconds: number }
  | { readonly kind: 'silent' }
  /** No message was completed for twice `deadAfter`, and too few bytes came for a large one. */
  | { readonly kind: 'garbled' }
  | { readonly kind: 'stuck' };

export class Liveness {
  readonly #deadAfter: number;
  #receivedAt: number;
  /** When the unfinished message began, moved forward by the time that its bytes have earned. */
  #incompleteSince: number | undefined;
  #progressAt: number | undefined;
  #probedAt: number | undefined;

  constructor(deadAfterMilliseconds: number, now: number) {
    this.#deadAfter = deadAfterMilliseconds;
    this.#receivedAt = now;
  }

  /** Bytes were received, whether or not they complete a message. */
  received(now: number, bytes: number): void {
    this.#receivedAt = now;
    this.#probedAt = undefined;
    this.#incompleteSince = Math.min(now, (this.#incompleteSince ?? now) + bytes / MINIMUM_RATE);
  }

  /** A message was completed. */
  delivered(): void {
    this.#incompleteSince = undefined;
  }

  /** A refresh began, or an entry of it was received. */
  progressed(now: number): void {
    this.#progressAt = now;
  }

  /** No refresh is under way: from here on a connection without entries is normal. */
  refreshed(): void {
    this.#progressAt = undefined;
  }

  /**
   * Returns what to do now and, unless the connection is given up, when to call again. After a
   * probe the peer has half of `deadAfter` to answer, however late the probe was sent.
   */
  judge(now: number): LivenessVerdict {
    const half = this.#deadAfter / 2;
    const untilSilent = this.#probedAt === undefined ? half : this.#probedAt + half - now;
    if (untilSilent <= 0) return { kind: 'silent' };
    const untilGarbled = (this.#incompleteSince ?? now) + 2 * this.#deadAfter - now;
    if (untilGarbled <= 0) return { kind: 'garbled' };
    const untilStuck =
      this.#progressAt === undefined
        ? untilGarbled
        : Math.max(this.#progressAt, this.#incompleteSince ?? 0) + this.#deadAfter - now;
    if (untilStuck <= 0) return { kind: 'stuck' };
    const atMost = Math.min(untilSilent, untilGarbled, untilStuck);
    if (this.#probedAt !== undefined) return { kind: 'alive', inMilliseconds: atMost };
    const untilProbe = this.#receivedAt + half - now;
    if (untilProbe > 0) return { kind: 'alive', inMilliseconds: Math.min(atMost, untilProbe) };
    this.#probedAt = now;
    return { kind: 'probe', inMilliseconds: atMost };
  }
}
