/** First in, first out, however many there are: to take the first item of an array moves all others. */
export class Queue<T> {
  #items: T[] = [];
  #taken = 0;

  get size(): number {
    return this.#items.length - this.#taken;
  }

  get first(): T | undefined {
    return this.#items[this.#taken];
  }

  add(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const { first } = this;
    if (this.size === 0) return undefined;
    this.#taken += 1;
    if (this.#taken * 2 < this.#items.length) return first;
    this.#items = this.#items.slice(this.#taken);
    this.#taken = 0;
    return first;
  }
}
