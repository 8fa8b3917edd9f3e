import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageQueue } from '../../src/observability/log/message-queue.ts';

describe('the queue of a receiver', () => {
  it('gives messages back in their order', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat())), (operations) => {
        const queue = new MessageQueue();
        const model: number[] = [];
        for (const operation of operations) {
          if (operation === null) expect(queue.shift()?.toString()).toBe(model.shift()?.toString());
          else {
            queue.push(Buffer.from(String(operation)));
            model.push(operation);
          }
          expect(queue.size).toBe(model.length);
        }
      }),
    );
  });

  it('lets the oldest go beyond its bounds, and counts them', () => {
    const queue = new MessageQueue();
    for (let number = 0; number < 10_003; number += 1) queue.push(Buffer.from(String(number)));
    expect([queue.size, queue.takeLost(), queue.takeLost(), queue.shift()?.toString()]).toEqual([10_000, 3, 0, '3']);

    const large = new MessageQueue();
    for (let number = 0; number < 5; number += 1) large.push(Buffer.alloc(2 ** 20));
    expect([large.size, large.takeLost()]).toEqual([4, 1]);
  });
});
