import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Linked, LinkedQueue } from '../../src/domain/linked-queue.ts';

interface Item extends Linked<Item> {
  readonly name: number;
}

describe('the linked queue', () => {
  it('gives items in order, each once, and lets any of them leave at any time', () => {
    const step = fc.record({ kind: fc.constantFrom('add', 'remove', 'shift'), name: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const items: Item[] = Array.from({ length: 10 }, (_, name) => ({
          name,
          queued: false,
          previous: undefined,
          next: undefined,
        }));
        const queue = new LinkedQueue<Item>();
        let model: Item[] = [];
        for (const { kind, name } of steps) {
          const item = items[name]!;
          if (kind === 'add') {
            queue.add(item);
            if (!model.includes(item)) model.push(item);
          } else if (kind === 'remove') {
            queue.remove(item);
            model = model.filter((other) => other !== item);
          } else {
            expect(queue.shift()).toBe(model.shift());
          }
          expect(queue.first).toBe(model[0]);
        }
        const rest: Array<Item | undefined> = [];
        while (queue.first !== undefined) rest.push(queue.shift());
        expect(rest).toEqual(model);
      }),
    );
  });
});
