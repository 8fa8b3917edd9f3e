import { defined } from '../domain/defined.ts';
import { errorText } from '../domain/error-text.ts';
import type { ReceiverStatus } from '../domain/notify.ts';
import { backoff, type Pauses } from '../domain/retry.ts';
import { humanDuration } from '../observability/human-time.ts';
import type { Message } from './trouble.ts';

/** Where messages go. */
export interface Receiver {
  readonly name: ReceiverStatus['receiver'];
  /** Without anything secret. */
  readonly target: string;
  /** Rejects if it cannot be delivered now; an abort ends it at once. */
  send(message: Message, signal: AbortSignal): Promise<void>;
}

/** The receiver has answered that it does not want the message. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** Times in milliseconds. */
export interface OutboxOptions {
  readonly receiver: Receiver;
  readonly now: () => number;
  /** Receives a sentence when messages cannot be sent, and when they can again. */
  readonly notice: (message: string) => void;
  /** The pause after the first failed attempt, doubled after each further one up to `max`. */
  readonly pause?: Pauses;
  /** How long one attempt may take. */
  readonly answerTimeout?: number;
}

/** The most messages that wait: more than the hours of an outage have. The oldest ones are lost. */
const MOST_QUEUED = 100;
/** A message that is older is lost, as reminders say what is still so. */
const OLDEST = 86_400_000;
/** A message that was refused so many times is lost, as it would keep back all others. */
const MOST_REFUSALS = 8;
const PAUSE = { initial: 5_000, max: 300_000 };
const ANSWER_TIMEOUT = 30_000;

/**
 * The messages for one receiver, sent one after the other. Never throws, and is never waited for:
 * what a receiver costs is bounded in time and memory.
 *
 * States: idle -> sending (`add`) -> idle, or pausing (the attempt failed) -> sending. `close`
 * tries all that waits once more, until its time is over -> closed.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #queue: Message[] = [];
  readonly #closing = new AbortController();
  #isRunning = false;
  /** Settled when nothing is sent any more. */
  #running = Promise.resolve();
  #wake: (() => void) | undefined;
  #isLast = false;
  /** Messages that were tried once more in vain while it was closed. */
  #unsent = 0;
  #sent = 0;
  #failed = 0;
  #lost = 0;
  #failure: string | undefined;
  #failuresInRow = 0;
  /** Of the oldest message. */
  #refusals = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  add(message: Message): void {
    const [oldest] = this.#queue;
    if (oldest !== undefined && this.#queue.length === MOST_QUEUED) {
      this.#drop(oldest);
      this.#lost += 1;
    }
    this.#queue.push(message);
    if (!this.#isRunning) this.#running = this.#run();
  }

  status(): ReceiverStatus {
    const { name: receiver, target } = this.#options.receiver;
    return {
      receiver,
      target,
      sent: this.#sent,
      failed: this.#failed,
      lost: this.#lost,
      queued: this.#queue.length,
      ...defined({ failure: this.#failure }),
    };
  }

  /** Tries what waits once more. Resolves when that is done, or after some milliseconds. */
  async close(milliseconds: number): Promise<void> {
    this.#isLast = true;
    this.#wake?.();
    const timer = setTimeout(() => this.#closing.abort(new Error('the service stops')), milliseconds);
    await this.#running;
    clearTimeout(timer);
    const left = this.#queue.splice(0).length + this.#unsent;
    this.#lost += left;
    if (left > 0) this.#options.notice(`${left} notification(s) to ${this.#options.receiver.target} were not sent`);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let message = this.#next(); message !== undefined; message = this.#next()) {
      const failure = await this.#attempt(message);
      if (failure === undefined) {
        this.#drop(message);
        this.#succeeded();
        continue;
      }
      this.#didFail(errorText(failure));
      if (failure instanceof Refused) this.#refusals += 1;
      if (this.#refusals === MOST_REFUSALS && this.#drop(message)) this.#lost += 1;
      if (!this.#isLast) await this.#pause();
      else if (this.#drop(message)) this.#unsent += 1;
    }
    // At once, as another message may be added before the promise is settled.
    this.#isRunning = false;
  }

  /** Whether the message was still in the queue: it may have been lost to newer ones. */
  #drop(message: Message): boolean {
    if (this.#queue[0] !== message) return false;
    this.#queue.shift();
    this.#refusals = 0;
    return true;
  }

  /** The oldest message that is not too old. */
  #next(): Message | undefined {
    const { now } = this.#options;
    for (let oldest = this.#queue[0]; oldest !== undefined && now() - oldest.time > OLDEST; oldest = this.#queue[0]) {
      this.#drop(oldest);
      this.#lost += 1;
    }
    return this.#closing.signal.aborted ? undefined : this.#queue[0];
  }

  /** Resolves to the error if the message cannot be sent. */
  async #attempt(message: Message): Promise<Error | undefined> {
    const { receiver, answerTimeout = ANSWER_TIMEOUT } = this.#options;
    const late = new AbortController();
    const timer = setTimeout(
      () => late.abort(new Error(`no answer for ${humanDuration(answerTimeout)}`)),
      answerTimeout,
    );
    const signal = AbortSignal.any([late.signal, this.#closing.signal]);
    const ended = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    try {
      // A receiver is not relied on to heed the signal.
      await Promise.race([receiver.send(message, signal), ended]);
      return undefined;
    } catch (error) {
      const reason: unknown = signal.aborted ? signal.reason : error;
      return reason instanceof Error ? reason : new Error(String(reason));
    } finally {
      clearTimeout(timer);
    }
  }

  #succeeded(): void {
    const { target } = this.#options.receiver;
    this.#sent += 1;
    if (this.#failure !== undefined) {
      this.#options.notice(`notifications to ${target} are sent again; ${this.#lost} were lost so far`);
    }
    this.#failure = undefined;
    this.#failuresInRow = 0;
  }

  #didFail(reason: string): void {
    const { receiver, notice } = this.#options;
    this.#failed += 1;
    this.#failuresInRow += 1;
    const isNew = this.#failure === undefined;
    this.#failure = reason;
    if (isNew)
      notice(`no notification to ${receiver.target} (${reason}); it is tried again; see to notify.${receiver.name}`);
  }

  #pause(): Promise<void> {
    const milliseconds = backoff(this.#failuresInRow, this.#options.pause ?? PAUSE);
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), milliseconds);
      timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }
}
