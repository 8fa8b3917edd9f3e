import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interned } from '../../src/domain/interned.ts';

describe('an interned text', () => {
  it('is equal to the text that was given, however many others were given before', () => {
    for (let n = 0; n < 5000; n += 1) expect(interned(`text ${n % 1500}`)).toBe(`text ${n % 1500}`);
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(interned(text)).toBe(text);
      }),
    );
  });
});
