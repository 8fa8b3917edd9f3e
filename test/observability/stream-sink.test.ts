import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { LogLine } from '../../src/observability/log/log-line.ts';
import { createStreamSink } from '../../src/observability/log/stream-sink.ts';

const line = (message: string): LogLine => ({ time: 'T', level: 'info', message, fields: {} });

/** A receiver that the test connects and disconnects. */
class Receiver {
  readonly messages: string[] = [];
  readonly problems: string[] = [];
  opened = 0;
  /** The connection breaks at the next message. */
  breaks = false;
  #up: () => void = () => {};
  #down: (reason: string) => void = () => {};
  #stalled: (reason: string) => void = () => {};

  readonly sink = createStreamSink({
    open: (up, down, stalled) => {
      this.opened += 1;
      this.#up = up;
      this.#down = down;
      this.#stalled = stalled;
      const stream = new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          if (this.breaks) {
            setImmediate(() => done(new Error('broken')));
            return;
          }
          this.messages.push(chunk.toString());
          done();
        },
        final: (done) => {
          done();
          down('ended');
        },
      });
      stream.on('error', () => down('broken'));
      return { stream, destroy: () => stream.destroy() };
    },
    render: ({ message, fields }) => Buffer.from([message, ...Object.values(fields)].join(' ')),
    name: 'the receiver',
    onProblem: (problem) => this.problems.push(problem),
    firstPause: 1,
    closeWithin: 200,
  });

  comes(): void {
    this.#up();
  }

  stalls(): void {
    this.#stalled('nothing reads from the socket');
  }

  async goes(): Promise<void> {
    const opened = this.opened;
    this.#down('cut');
    while (this.opened === opened) await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a receiver of messages', () => {
  it('gets what was written before it came, while it was away, and before the end', async () => {
    const receiver = new Receiver();
    receiver.sink.write(line('early'));
    receiver.comes();
    await receiver.goes();
    receiver.sink.write(line('meanwhile'));
    receiver.comes();
    receiver.sink.write(line('last'));
    await receiver.sink.close();
    expect(receiver.messages).toEqual(['early', 'meanwhile', 'last']);
  });

  it('is sent the number of lines that made room for later ones', async () => {
    const receiver = new Receiver();
    for (let number = 0; number < 10_002; number += 1) receiver.sink.write(line(`${number}`));
    receiver.comes();
    await receiver.sink.close();
    expect(receiver.messages.slice(0, 2)).toEqual(['lines of the log were lost 2', '2']);
    expect(receiver.messages).toHaveLength(10_001);
  });

  it('is sent the number of lines that were on their way when the connection broke', async () => {
    const receiver = new Receiver();
    receiver.comes();
    receiver.breaks = true;
    for (const message of ['one', 'two', 'three']) receiver.sink.write(line(message));
    while (receiver.opened === 1) await new Promise((resolve) => setImmediate(resolve));
    receiver.breaks = false;
    receiver.comes();
    receiver.sink.write(line('last'));
    await receiver.sink.close();
    expect(receiver.messages).toEqual(['lines of the log were lost 3', 'last']);
  });

  it('is a problem once while it stays away, and again after it was back', async () => {
    const receiver = new Receiver();
    receiver.sink.write(line('waits'));
    await receiver.goes();
    await receiver.goes();
    expect(receiver.problems).toEqual([
      'the receiver does not take the log (cut); the service tries again, and lines wait until then',
    ]);
    receiver.comes();
    await receiver.goes();
    expect(receiver.problems).toHaveLength(2);
    receiver.comes();
    await receiver.sink.close();
  });

  it('has a failure while it is away, or takes nothing, and counts what it has lost', async () => {
    const receiver = new Receiver();
    receiver.comes();
    expect(receiver.sink.health()).toEqual({ lost: 0 });
    receiver.stalls();
    expect(receiver.sink.health()).toEqual({ lost: 0, failure: 'nothing reads from the socket' });
    receiver.comes();
    expect(receiver.sink.health()).toEqual({ lost: 0 });
    receiver.breaks = true;
    for (const message of ['one', 'two']) receiver.sink.write(line(message));
    while (receiver.opened === 1) await new Promise((resolve) => setImmediate(resolve));
    expect(receiver.sink.health()).toEqual({ lost: 2, failure: 'broken' });
    // The number of lost lines is lost on its way, too, and is no line.
    receiver.comes();
    receiver.sink.write(line('three'));
    while (receiver.opened === 2) await new Promise((resolve) => setImmediate(resolve));
    expect(receiver.sink.health()).toEqual({ lost: 3, failure: 'broken' });
    await receiver.sink.close();
  });

  it('is not waited for without end', async () => {
    const receiver = new Receiver();
    receiver.sink.write(line('nobody takes this'));
    await receiver.sink.close();
    receiver.sink.write(line('too late'));
    receiver.comes();
    expect(receiver.messages).toEqual([]);
  });
});
