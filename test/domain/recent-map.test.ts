import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecentMap } from '../../src/domain/recent-map.ts';

describe('the map of what is recent', () => {
  it('keeps so many entries that were set last, and says what it forgets for a new one', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const step = fc.record({ kind: fc.constantFrom('set', 'delete'), key });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 60 }), (most, steps) => {
        const map = new RecentMap<number>(most);
        const model = new Map<string, number>();
        steps.forEach(({ kind, key }, at) => {
          if (kind === 'delete') {
            map.delete(key);
            model.delete(key);
            return;
          }
          model.delete(key);
          model.set(key, at);
          const [oldest] = model;
          const forgotten = model.size > most ? oldest : undefined;
          if (forgotten !== undefined) model.delete(forgotten[0]);
          expect(map.set(key, at)).toBe(forgotten?.[1]);
        });
        for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) expect(map.get(key)).toBe(model.get(key));
      }),
    );
  });
});
