import { comparableDn } from '../domain/dn.ts';
import type { PublishedEvent } from '../domain/event.ts';
import { isRecorded } from '../operator/recording.ts';
import { Queue } from './queue.ts';

/** A decision that came out otherwise than recorded, for one account. */
export interface Difference {
  readonly account: string;
  readonly recorded: string;
  readonly replayed: string;
}

/** Beyond so many accounts that differ, differences are only counted. */
const KEPT = 100;
const NOTHING = 'nothing';

/**
 * Compares what the stream decides now with what it decided then, account by account, in order. Memory holds what one of them has
 * said and the other not yet.
 */
export class Comparison {
  readonly #ahead = new Map<string, { readonly side: 'recorded' | 'replayed'; readonly words: Queue<string> }>();
  readonly #differences = new Map<string, Difference>();
  readonly #differing = new Set<string>();
  /** In a record that begins in the middle: the accounts whose story begins in it. */
  #begun: Set<string> | undefined;
  #same = 0;

  /** A life of the recorded service begins; `continued`: in the middle, so accounts are compared from their next request on. */
  begin(continued: boolean): void {
    this.#begun = continued ? new Set() : undefined;
  }

  /** The record was cut off, as by a kill: what the replay has said beyond it may well have happened. */
  cutOff(): void {
    for (const [account, { side }] of [...this.#ahead]) if (side === 'replayed') this.#ahead.delete(account);
  }

  /** An account's request was seen. */
  requested(uid: string): void {
    this.#begun?.add(uid.toLowerCase());
  }

  recorded(event: PublishedEvent): void {
    this.#take('recorded', event);
  }

  /** Whether the record has said something of the event's account that the replay has not said yet. */
  awaits(event: PublishedEvent): boolean {
    const account = accountOf(event);
    return account !== undefined && this.#ahead.get(account)?.side === 'recorded';
  }

  replayed(event: PublishedEvent): void {
    this.#take('replayed', event);
  }

  /** To be called at the end: what only one of them has said differs. */
  result(): { readonly same: number; readonly differing: number; readonly differences: readonly Difference[] } {
    for (const [account, { side, words }] of this.#ahead) {
      const word = words.first ?? NOTHING;
      this.#differ(account, side === 'recorded' ? word : NOTHING, side === 'replayed' ? word : NOTHING);
    }
    this.#ahead.clear();
    return { same: this.#same, differing: this.#differing.size, differences: [...this.#differences.values()] };
  }

  #take(side: 'recorded' | 'replayed', event: PublishedEvent): void {
    const account = accountOf(event);
    if (account === undefined || !isRecorded(event.event) || event.event === 'retrying') return;
    if (this.#differing.has(account) || this.#begun?.has(account) === false) return;
    const word = wordOf(event);
    const ahead = this.#ahead.get(account);
    if (ahead === undefined || ahead.side === side) {
      const words = ahead?.words ?? new Queue();
      words.add(word);
      this.#ahead.set(account, { side, words });
      return;
    }
    const expected = ahead.words.shift() ?? NOTHING;
    if (ahead.words.size === 0) this.#ahead.delete(account);
    if (expected === word) this.#same += 1;
    else if (side === 'replayed') this.#differ(account, expected, word);
    else this.#differ(account, word, expected);
  }

  /** After its first difference an account is followed no further: what comes later follows from it. */
  #differ(account: string, recorded: string, replayed: string): void {
    this.#differing.add(account);
    this.#ahead.delete(account);
    if (this.#differences.size < KEPT) this.#differences.set(account, { account, recorded, replayed });
  }
}

function accountOf(event: PublishedEvent): string | undefined {
  return 'dn' in event ? (event.uid?.toLowerCase() ?? comparableDn(event.dn)) : undefined;
}

/** What was decided, without what differs from run to run. */
function wordOf(event: PublishedEvent): string {
  switch (event.event) {
    case 'deferred':
      return `deferred until ${event.until}`;
    case 'failed':
      return `failed with ${event.returnValue}`;
    case 'skipped':
    case 'waiting':
      return `${event.event}: ${event.reason}`;
    default:
      return event.event;
  }
}
