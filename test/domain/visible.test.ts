import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visible, visibleJson } from '../../src/domain/visible.ts';

const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
/** A language tag, which is outside of the BMP. */
const TAG = '\u{e0041}';

describe('text from outside', () => {
  it('has no invisible character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(visible(text)).not.toMatch(INVISIBLE);
      }),
    );
    expect(visible(`a\n\r\t\0\x1b\x9b\u202e\ufeff\ud800${TAG} é 😀`)).toBe(
      'a\\n\\r\\t\\x00\\x1b\\x9b\\u202e\\ufeff\\ud800\\u{e0041} é 😀',
    );
  });

  it('keeps its value as JSON', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const json = visibleJson(JSON.stringify({ text }));
        expect(json).not.toMatch(INVISIBLE);
        expect(JSON.parse(json)).toEqual({ text });
      }),
    );
    expect(JSON.parse(visibleJson(JSON.stringify(TAG)))).toBe(TAG);
    const indented = JSON.stringify({ text: ['a\n', 'b'] }, null, 2);
    expect(visibleJson(indented)).toBe(indented);
  });
});
