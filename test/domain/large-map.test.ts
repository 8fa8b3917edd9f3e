import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LargeMap, partOf } from '../../src/domain/large-map.ts';

describe('the large map', () => {
  it('holds what a Map would hold, in whatever order', () => {
    const key = fc.oneof(fc.constantFrom('', 'a', 'b', 'uid=1,dc=example'), fc.string({ maxLength: 40 }));
    const step = fc.oneof(
      fc.record({ kind: fc.constant('set' as const), key, value: fc.nat() }),
      fc.record({ kind: fc.constant('delete' as const), key }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), key, (steps, asked) => {
        const map = new LargeMap<number>();
        const model = new Map<string, number>();
        for (const one of steps) {
          if (one.kind === 'delete') expect(map.delete(one.key)).toBe(model.delete(one.key));
          else {
            map.set(one.key, one.value);
            model.set(one.key, one.value);
          }
        }
        expect(map.size).toBe(model.size);
        expect(map.has(asked)).toBe(model.has(asked));
        expect(map.get(asked)).toBe(model.get(asked));
        expect(new Map(map.entries())).toEqual(model);
      }),
    );
  });

  it('lets entries come and go while it is gone through, and then gives none twice', () => {
    const map = new LargeMap<number>();
    for (let number = 0; number < 1_000; number += 1) map.set(`${number}`, number);
    const seen: string[] = [];
    for (const [key, value] of map.entries()) {
      seen.push(key);
      map.delete(key);
      if (value % 2 === 0) map.delete(`${value + 1}`);
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(map.size).toBe(0);
  });

  it('holds the same when it has outgrown one Map, also while it is gone through', () => {
    const map = new LargeMap<number>();
    const model = new Map<string, number>();
    const set = (key: string, value: number) => {
      map.set(key, value);
      model.set(key, value);
    };
    for (let number = 0; number < 16_000; number += 1) set(`${number}`, number);
    const seen: string[] = [];
    for (const [key, value] of map.entries()) {
      expect(value).toBe(model.get(key));
      seen.push(key);
      // Other entries come, change and go meanwhile.
      set(`new ${key}`, value);
      if (value % 3 === 0) set(`${(value + 1) % 16_000}`, -1);
      if (value % 5 === 0) {
        map.delete(`${value + 2}`);
        model.delete(`${value + 2}`);
      }
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBeGreaterThan(12_000);
    expect(map.size).toBe(model.size);
    expect(new Map(map.entries())).toEqual(model);
  });

  it('spreads uids, DNs and UUIDs over its parts, so that none of them becomes large', () => {
    const uuid = (number: number) => `${(0x5a3c0000 + number).toString(16)}-1f4e-103e-9d5c-1b2f3a4c5d6e`;
    for (const keyOf of [String, (number: number) => `uid=${number},ou=accounts,dc=example`, uuid]) {
      const sizes = new Map<number, number>();
      for (let number = 1_000_000; number < 1_064_000; number += 1) {
        const part = partOf(keyOf(number));
        sizes.set(part, (sizes.get(part) ?? 0) + 1);
      }
      expect(Math.max(...sizes.values())).toBeLessThan(2_000); // 1,000 on average
    }
  });
});
