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
  /** Since when bytes came without completing a message. */
  #incompleteSince: number | undefined;
  #progressAt: number | undefined;
  #probedAt: number | undefined;

  constructor(deadAfterMilliseconds: number, now: number) {
    this.#deadAfter = deadAfterMilliseconds;
    this.#receivedAt = now;
  }

  /** Bytes came, of whatever kind. */
  received(now: number): void {
    this.#receivedAt = now;
    this.#probedAt = undefined;
    this.#incompleteSince ??= now;
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
    const untilStuck = this.#progressAt === undefined ? untilGarbled : this.#progressAt + this.#deadAfter - now;
    if (untilStuck <= 0) return { kind: 'stuck' };
    const atMost = Math.min(untilSilent, untilGarbled, untilStuck);
    if (this.#probedAt !== undefined) return { kind: 'alive', inMilliseconds: atMost };
    const untilProbe = this.#receivedAt + half - now;
    if (untilProbe > 0) return { kind: 'alive', inMilliseconds: Math.min(atMost, untilProbe) };
    this.#probedAt = now;
    return { kind: 'probe', inMilliseconds: atMost };
  }
}
