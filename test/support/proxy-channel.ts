import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type FramedBytes, LdapFramer, type Operation } from './ldap-framer.ts';

/**
 * What happens to an LDAP message. `late`: it is sent on even if its sender has gone, and nothing
 * follows it, not even the end of the connection. `cut`: its first bytes are sent on, then the
 * connection ends.
 */
export type MessageVerdict = 'forward' | 'late' | 'drop' | { readonly cut: number; readonly how: 'close' | 'reset' };

export interface ChannelEvents {
  /** Called for each LDAP message before it is sent on. The channel waits for the verdict. */
  judge(operation: Operation, message: Buffer): MessageVerdict | Promise<MessageVerdict>;
  /** Ends the connection in both directions. */
  finish(how: 'close' | 'reset'): void;
}

interface Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;
}

interface ByteTrigger {
  readonly at: number;
  readonly act: () => void;
}

/**
 * One direction of a proxied connection. By default bytes pass. `stall` holds them back (and TCP
 * slows the sender down), `swallow` discards them, `delay` and `dribble` slow them down, `flip`
 * damages one. A FIN is treated like the bytes before it.
 */
export class ProxyChannel {
  #state: 'pass' | 'swallow' = 'pass';
  #gate: Gate | undefined;
  #delay = 0;
  #dribble: number | undefined;
  #forwarded = 0;
  #triggers: ByteTrigger[] = [];
  readonly #flips = new Map<number, number>();
  readonly #source: Socket;
  readonly #target: Socket;
  readonly #events: ChannelEvents;

  constructor(source: Socket, target: Socket, events: ChannelEvents) {
    this.#source = source;
    this.#target = target;
    this.#events = events;
  }

  /** The number of bytes sent on so far. */
  get forwarded(): number {
    return this.#forwarded;
  }

  /** Ends every fault except pending flips and marks. Stalled bytes are sent on. */
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

  /** Delays everything by this time. */
  delay(milliseconds: number): void {
    this.#delay = milliseconds;
  }

  /** Sends single bytes with this pause between them; 0: without a pause. */
  dribble(milliseconds: number): void {
    this.#dribble = milliseconds;
  }

  /** Changes bits of the byte that is `offset` bytes after the current one. */
  flip(offset: number, mask = 0xff): void {
    this.#flips.set(this.#forwarded + offset, mask);
  }

  /** Calls `act` after this number of further bytes, before the next one is sent on. */
  afterBytes(count: number, act: () => void): void {
    this.#triggers.push({ at: this.#forwarded + count, act });
    this.#triggers.sort((one, two) => one.at - two.at);
  }

  /** Ends the connection after this number of further bytes. */
  cutAfter(count: number, how: 'close' | 'reset'): void {
    this.afterBytes(count, () => this.#events.finish(how));
  }

  /** Sends bytes on until the source or the connection ends. Never rejects. */
  async run(): Promise<void> {
    const framer = new LdapFramer();
    try {
      // Each direction ends by itself: the end of one must not destroy the socket that the other
      // writes to.
      for await (const chunk of this.#source.iterator({ destroyOnReturn: false })) {
        const arrived = performance.now();
        for (const unit of framer.push(chunk as Buffer)) if ((await this.#handle(unit, arrived)) === 'over') return;
      }
      for (const unit of framer.end()) await this.#handle(unit, performance.now());
      await this.#gate?.opened;
      if (this.#state === 'pass') this.#target.end();
    } catch {
      this.#events.finish('reset'); // one side failed; the other one has to notice
    }
  }

  /** Ends all waits at the end of the connection. */
  release(): void {
    this.#gate?.open();
    this.#gate = undefined;
  }

  async #handle({ bytes, operation }: FramedBytes, arrived: number): Promise<'over' | undefined> {
    const verdict = operation === undefined ? 'forward' : await this.#events.judge(operation, bytes);
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
      const due = this.#triggers[0]?.at ?? Number.POSITIVE_INFINITY;
      const size = Math.min(rest.length, due - this.#forwarded, this.#dribble === undefined ? rest.length : 1);
      const piece = this.#damaged(rest.subarray(0, size));
      rest = rest.subarray(size);
      this.#forwarded += size;
      if (piece.length > 0 && !this.#target.write(piece)) {
        const waited = new AbortController();
        const either = ['drain', 'close'].map((name) => once(this.#target, name, { signal: waited.signal }));
        await Promise.race(either).finally(() => waited.abort());
      }
      while (this.#triggers[0] !== undefined && this.#triggers[0].at <= this.#forwarded) this.#triggers.shift()?.act();
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
