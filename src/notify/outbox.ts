import { counted } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import { errorText } from '../domain/error-text.ts';
import type { ReceiverStatus } from '../domain/notify.ts';
import { backoff, type Pauses } from '../domain/retry.ts';
import { humanDuration } from '../observability/human-time.ts';
import type { Message } from './trouble.ts';

/** The mail server or the webhook to which messages are sent. */
export interface Receiver {
  readonly name: ReceiverStatus['receiver'];
  /** Its address, without anything secret. */
  readonly target: string;
  /** Rejects if the message cannot be delivered now. An abort ends the attempt at once. */
  send(message: Message, signal: AbortSignal): Promise<void>;
}

/** The receiver has refused the message. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** Times in milliseconds. */
export interface OutboxOptions {
  readonly receiver: Receiver;
  readonly now: () => number;
  /** Receives a sentence when messages cannot be sent any more, and when they can again. */
  readonly notice: (message: string) => void;
  /** The pause after the first failed attempt, doubled after each further one up to `max`. */
  readonly pause?: Pauses;
  /** How long one attempt may take. */
  readonly answerTimeout?: number;
}

/**
 * The most messages that wait. An outage of some hours causes fewer. When the queue is full, the
 * oldest message is lost.
 */
const MOST_QUEUED = 100;
/** An older message is lost, because reminders report what is still wrong. */
const OLDEST = 86_400_000;
/** A message that was refused this many times is lost, because it would block all others. */
const MOST_REFUSALS = 8;
const PAUSE = { initial: 5_000, max: 300_000 };
const ANSWER_TIMEOUT = 30_000;

/**
 * Sends the messages for one receiver, one after the other. Never throws, and no work waits for it:
 * a receiver costs bounded time and memory.
 *
 *   idle -> sending            `add`
 *   sending -> idle            the queue is empty
 *   sending -> pausing         the attempt failed
 *   pausing -> sending         the pause is over
 *   any -> closing -> closed   `close`: each waiting message is tried once more, for a limited time
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #queue: Message[] = [];
  readonly #closing = new AbortController();
  #isRunning = false;
  /** Settles when sending has ended. */
  #running = Promise.resolve();
  #wake: (() => void) | undefined;
  #isLast = false;
  /** The number of messages whose last attempt failed while the outbox was closing. */
  #unsent = 0;
  #sent = 0;
  #failed = 0;
  #lost = 0;
  #failure: string | undefined;
  #failuresInRow = 0;
  /** How often the oldest message was refused. */
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

  /** Tries each waiting message once more. Resolves when that is done, or after this time. */
  async close(milliseconds: number): Promise<void> {
    this.#isLast = true;
    this.#wake?.();
    const timer = setTimeout(() => this.#closing.abort(new Error('the service stops')), milliseconds);
    await this.#running;
    clearTimeout(timer);
    const left = this.#queue.splice(0).length + this.#unsent;
    this.#lost += left;
    if (left > 0)
      this.#options.notice(`could not send ${counted(left, 'notification')} to ${this.#options.receiver.target}`);
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
    // Set before the promise settles: another message may be added until then.
    this.#isRunning = false;
  }

  /**
   * Removes the message. Returns false if it was not in the queue any more, because newer messages
   * have replaced it.
   */
  #drop(message: Message): boolean {
    if (this.#queue[0] !== message) return false;
    this.#queue.shift();
    this.#refusals = 0;
    return true;
  }

  /** Returns the oldest message that is not too old. Those that are too old are lost. */
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
      // A receiver may ignore the signal.
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
      this.#options.notice(`notifications to ${target} are sent again; lost so far: ${this.#lost}`);
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
      notice(
        `cannot send notifications to ${receiver.target} (${reason}); trying again; check notify.${receiver.name}`,
      );
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
