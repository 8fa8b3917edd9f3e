import fc from 'fast-check';
import { expect, it } from 'vitest';
import { wrap } from '../../src/observability/wrap.ts';

it('breaks text between words, and only a word that is too long within it', () => {
  expect(wrap('the script ended with code 6', 12)).toEqual(['the script', 'ended with', 'code 6']);
  expect(wrap('cn=admin,dc=example asks', 8)).toEqual(['cn=admin', ',dc=exam', 'ple asks']);
  expect(wrap('', 8)).toEqual(['']);
});

it('has no line beyond the width, and loses nothing but blanks', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 40 }), (text, width) => {
      const lines = wrap(text, width);
      expect(lines.filter((line) => line.length > width)).toEqual([]);
      expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
    }),
  );
});
