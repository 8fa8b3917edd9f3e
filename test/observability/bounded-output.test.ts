import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createBoundedOutput } from '../../src/observability/bounded-output.ts';

/** A stream whose reader takes one text at each `take`. */
class Slow extends Writable {
  taken = '';
  #next: (() => void) | undefined;

  constructor() {
    super({ decodeStrings: false, highWaterMark: 1 });
  }

  override _write(chunk: string, _encoding: BufferEncoding, done: () => void): void {
    this.taken += chunk;
    this.#next = done;
  }

  take(): void {
    const next = this.#next;
    this.#next = undefined;
    next?.();
  }

  async takeAll(): Promise<void> {
    while (this.#next !== undefined) {
      this.take();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

const lossNote = (texts: number) => `(${texts} missing)\n`;

describe('an output', () => {
  it('keeps no more than it may while nobody reads, and says what is missing once all that waited is read', async () => {
    const stream = new Slow();
    const output = createBoundedOutput(stream, { lossNote, mostWaiting: 10 });
    for (const text of ['one\n', 'two\n', 'three\n', 'four\n', 'five\n']) output.write(text);
    expect(stream.writableLength).toBe(14);
    await stream.takeAll();
    output.write('six\n');
    await stream.takeAll();
    expect(stream.taken).toBe('one\ntwo\nthree\n(2 missing)\nsix\n');
  });

  it('is closed when all is out, with what is missing as the last line', async () => {
    const stream = new Slow();
    const output = createBoundedOutput(stream, { lossNote, mostWaiting: 3 });
    for (const text of ['one\n', 'two\n']) output.write(text);
    const closed = output.close();
    output.write('three\n');
    await stream.takeAll();
    expect(await closed).toBe(true);
    expect(stream.taken).toBe('one\n(1 missing)\n');
  });

  it('writes texts that are given together at once, and counts each of them if they are missing', async () => {
    const stream = new Slow();
    const output = createBoundedOutput(stream, { lossNote, mostWaiting: 3 });
    output.write('one\n', 'two\n');
    output.write('three\n', 'four\n');
    stream.take();
    await stream.takeAll();
    expect(stream.taken).toBe('one\ntwo\n(2 missing)\n');
  });

  it('does not wait forever for a reader that has stopped', async () => {
    const output = createBoundedOutput(new Slow(), { lossNote, closeWithin: 20 });
    output.write('one\n');
    expect(await output.close()).toBe(false);
  });

  it('is silent after its reader went away', async () => {
    const stream = new Slow();
    const output = createBoundedOutput(stream, { lossNote });
    stream.destroy(new Error('EPIPE'));
    await new Promise((resolve) => setImmediate(resolve));
    output.write('one\n');
    expect(await output.close()).toBe(false);
    expect(stream.taken).toBe('');
  });
});
