/**
 * Judges from times alone whether a connection still lives: a peer that is silent is asked, one that stays silent is given
 * up, and so is a refresh that makes no progress although the peer answers, and a stream in which a damaged length swallows
 * whatever comes. A large message is waited for as long as its bytes come at `LEAST_RATE`. Each earns it time,
 * which is not saved up: what a damaged length swallows of a fast stream buys nothing for the silence behind it. Times are milliseconds of a monotonic clock.
 */

/** Bytes in a millisecond at which a message that is under way is not taken for damage, however long it takes. */
export const LEAST_RATE = 64;

export type Verdict =
  | { readonly kind: 'alive'; readonly inMilliseconds: number }
  /** Nothing was received for half the time: ask. */
  | { readonly kind: 'probe'; readonly inMilliseconds: number }
  | { readonly kind: 'silent' }
  /** Bytes came, but no whole message for twice the time, and too few for a large one. */
  | { readonly kind: 'garbled' }
  | { readonly kind: 'stuck' };

export class Liveness {
  readonly #deadAfter: number;
  #receivedAt: number;
  /** Since when bytes came without completing a message, less the time that they earned. */
  #incompleteSince: number | undefined;
  #progressAt: number | undefined;
  #probedAt: number | undefined;

  constructor(deadAfterMilliseconds: number, now: number) {
    this.#deadAfter = deadAfterMilliseconds;
    this.#receivedAt = now;
  }

  /** So many bytes came, of whatever kind. */
  received(now: number, bytes: number): void {
    this.#receivedAt = now;
    this.#probedAt = undefined;
    this.#incompleteSince = Math.min(now, (this.#incompleteSince ?? now) + bytes / LEAST_RATE);
  }

  /** A whole message came. */
  delivered(): void {
    this.#incompleteSince = undefined;
  }

  /** A refresh began, or an entry of it came. */
  progressed(now: number): void {
    this.#progressAt = now;
  }

  /** No refresh is under way any more: silence about the content is normal from here on. */
  refreshed(): void {
    this.#progressAt = undefined;
  }

  /** What to do now, and when to ask again. A peer has half the time to answer, however late it was asked. */
  judge(now: number): Verdict {
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
