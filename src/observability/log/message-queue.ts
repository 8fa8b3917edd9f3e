const MOST_MESSAGES = 10_000;
const MOST_BYTES = 4 * 2 ** 20;

/**
 * A bounded queue of messages for a receiver. When it is full, the oldest message is dropped and
 * counted.
 */
export class MessageQueue {
  #messages: Buffer[] = [];
  #head = 0;
  #bytes = 0;
  #lost = 0;
  #allLost = 0;

  push(message: Buffer): void {
    this.#messages.push(message);
    this.#bytes += message.length;
    while (this.size > MOST_MESSAGES || this.#bytes > MOST_BYTES) {
      this.shift();
      this.countLost(1);
    }
  }

  /** Removes and returns the oldest message. */
  shift(): Buffer | undefined {
    const message = this.#messages[this.#head];
    if (message === undefined) return undefined;
    this.#head += 1;
    this.#bytes -= message.length;
    if (this.#head > 1_000 && this.#head * 2 > this.#messages.length) {
      this.#messages = this.#messages.slice(this.#head);
      this.#head = 0;
    }
    return message;
  }

  get size(): number {
    return this.#messages.length - this.#head;
  }

  /** Counts messages that were removed but could not be delivered. */
  countLost(messages: number): void {
    this.#lost += messages;
    this.#allLost += messages;
  }

  /** The number of messages lost since the start. */
  get allLost(): number {
    return this.#allLost;
  }

  /** The number of lost messages since the last call. */
  takeLost(): number {
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }

  /** To be called when the number from `takeLost` could not be delivered. */
  keepLost(messages: number): void {
    this.#lost += messages;
  }
}
