import { once } from 'node:events';
import type { Socket } from 'node:net';
import { LdapFramer, type Operation, type Unit } from './ldap-framer.ts';

/**
 * What becomes of one LDAP message. `late`: it goes on though its sender may have gone, and nothing follows it, not even the end of
 * the connection. `cut`: its first bytes go on, then the connection ends.
 */
export type Verdict = 'forward' | 'late' | 'drop' | { readonly cut: number; readonly how: 'close' | 'reset' };

export interface ChannelEvents {
  /** Asked of each LDAP message before it goes on; the channel waits for the answer. */
  judge(operation: Operation): Verdict | Promise<Verdict>;
  /** Ends the connection both ways. */
  finish(how: 'close' | 'reset'): void;
}

interface Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;
}

interface Mark {
  readonly at: number;
  readonly act: () => void;
}

/**
 * One direction of a proxied connection. It passes, until told otherwise: `stall` keeps the bytes back (and lets TCP push back on
 * the sender), `swallow` takes and forgets them, `delay` and `dribble` slow them down, `flip` damages one. A FIN is treated
 * as the bytes before it.
 */
export class ProxyChannel {
  #state: 'pass' | 'swallow' = 'pass';
  #gate: Gate | undefined;
  #delay = 0;
  #dribble: number | undefined;
  #forwarded = 0;
  #marks: Mark[] = [];
  readonly #flips = new Map<number, number>();
  readonly #source: Socket;
  readonly #target: Socket;
  readonly #events: ChannelEvents;

  constructor(source: Socket, target: Socket, events: ChannelEvents) {
    this.#source = source;
    this.#target = target;
    this.#events = events;
  }

  /** Bytes that went on so far. */
  get forwarded(): number {
    return this.#forwarded;
  }

  /** Ends every fault but flips and marks still to come; what was stalled goes on. */
  pass(): void {
    this.#state = 'pass';
    this.#delay = 0;
    this.#dribble = undefined;
    this.#gate?.open();
    this.#gate = undefined;
  }

  stall(): void {
    this.#gate ??= makeGate();
  }

  swallow(): void {
    this.#state = 'swallow';
    this.#gate?.open();
    this.#gate = undefined;
  }

  /** Everything arrives this many milliseconds later. */
  delay(milliseconds: number): void {
    this.#delay = milliseconds;
  }

  /** One byte at a time, this many milliseconds apart; 0: as fast as single bytes go. */
  dribble(milliseconds: number): void {
    this.#dribble = milliseconds;
  }

  /** Changes bits of the byte `offset` bytes from now. */
  flip(offset: number, mask = 0xff): void {
    this.#flips.set(this.#forwarded + offset, mask);
  }

  /** Calls `act` when this many more bytes have gone on, before the next one does. */
  afterBytes(count: number, act: () => void): void {
    this.#marks.push({ at: this.#forwarded + count, act });
    this.#marks.sort((one, two) => one.at - two.at);
  }

  /** Ends the connection after this many more bytes. */
  cutAfter(count: number, how: 'close' | 'reset'): void {
    this.afterBytes(count, () => this.#events.finish(how));
  }

  /** Carries bytes until the source ends or the connection does. Never rejects. */
  async run(): Promise<void> {
    const framer = new LdapFramer();
    try {
      // Each direction ends on its own: the end of one must not destroy the socket that the other still writes to.
      for await (const chunk of this.#source.iterator({ destroyOnReturn: false })) {
        const arrived = performance.now();
        for (const unit of framer.push(chunk as Buffer)) if ((await this.#carry(unit, arrived)) === 'over') return;
      }
      for (const unit of framer.end()) await this.#carry(unit, performance.now());
      await this.#gate?.opened;
      if (this.#state === 'pass') this.#target.end();
    } catch {
      this.#events.finish('reset'); // one side broke: the other one notices
    }
  }

  /** Lets go of whatever waits, when the connection is over. */
  release(): void {
    this.#gate?.open();
    this.#gate = undefined;
  }

  async #carry({ bytes, operation }: Unit, arrived: number): Promise<'over' | undefined> {
    const verdict = operation === undefined ? 'forward' : await this.#events.judge(operation);
    if (verdict === 'drop') return undefined;
    const wait = arrived + this.#delay - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    if (verdict === 'forward' || verdict === 'late') {
      await this.#forward(bytes);
      return verdict === 'late' ? 'over' : undefined;
    }
    await this.#forward(bytes.subarray(0, verdict.cut));
    this.#events.finish(verdict.how);
    return undefined;
  }

  async #forward(bytes: Buffer): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      await this.#gate?.opened;
      if (this.#target.destroyed || this.#state === 'swallow') return;
      const due = this.#marks[0]?.at ?? Number.POSITIVE_INFINITY;
      const size = Math.min(rest.length, due - this.#forwarded, this.#dribble === undefined ? rest.length : 1);
      const piece = this.#damaged(rest.subarray(0, size));
      rest = rest.subarray(size);
      this.#forwarded += size;
      if (piece.length > 0 && !this.#target.write(piece)) {
        const waited = new AbortController();
        const either = ['drain', 'close'].map((name) => once(this.#target, name, { signal: waited.signal }));
        await Promise.race(either).finally(() => waited.abort());
      }
      while (this.#marks[0] !== undefined && this.#marks[0].at <= this.#forwarded) this.#marks.shift()?.act();
      const pause = this.#dribble;
      if (pause !== undefined)
        await new Promise<void>((resolve) => (pause === 0 ? setImmediate(resolve) : setTimeout(resolve, pause)));
    }
  }

  #damaged(piece: Buffer): Buffer {
    if (this.#flips.size === 0) return piece;
    const copy = Buffer.from(piece);
    for (let index = 0; index < copy.length; index += 1) {
      const mask = this.#flips.get(this.#forwarded + index);
      if (mask === undefined) continue;
      copy[index] = (copy[index] ?? 0) ^ mask;
      this.#flips.delete(this.#forwarded + index);
    }
    return copy;
  }
}

function makeGate(): Gate {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
