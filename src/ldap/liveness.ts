/**
 * Decides from times alone whether a connection is still alive. Times are milliseconds of a
 * monotonic clock.
 * - A silent peer is probed. If it stays silent, the connection is given up.
 * - A refresh without progress is given up, even if the peer answers probes.
 * - - A stream that completes no message is given up, because a damaged length field swallows
 *   everything that follows. A large message may take any time as long as its bytes arrive at
 *   `MINIMUM_RATE`.
 * Arriving bytes extend the time limit of a message, but never beyond its full length. Therefore a
 * fast stream that a damaged length swallows is still given up soon after it falls silent.
 */

/**
 * The rate, in bytes per millisecond, at which an unfinished message is not regarded as damaged,
 * however long it takes.
 */
export const MINIMUM_RATE = 64;

export type LivenessVerdict =
  | { readonly kind: 'alive'; readonly inMilliseconds: number }
  /** Nothing was received for half of `deadAfter`: send a probe. */
  | { readonly kind: 'probe'; readonly inMilliseconds: number }
  | { readonly kind: 'silent' }
  /**
   * No message was completed for twice `deadAfter`, and too few bytes arrived for a large message.
   */
  | { readonly kind: 'garbled' }
  | { readonly kind: 'stuck' };

export class Liveness {
  readonly #deadAfter: number;
  #receivedAt: number;
  /** When the unfinished message began. Arriving bytes move this time forward. */
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

  /** No refresh is under way. From now on a connection without entries is normal. */
  refreshed(): void {
    this.#progressAt = undefined;
  }

  /**
   * Returns what to do now and, unless the connection is given up, when to call this again. After a
   * probe the peer has half of `deadAfter` to answer, even if the probe was sent late.
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
