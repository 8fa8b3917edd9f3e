import { describe, expect, it } from 'vitest';
import { LastWords } from '../../src/script/last-words.ts';
import type { OutputStream } from '../../src/script/runner.ts';

function lastOf(...lines: ReadonlyArray<readonly [OutputStream, string]>): string | undefined {
  const words = new LastWords();
  for (const [stream, line] of lines) words.take(stream, line);
  return words.text();
}

describe('the last words of a script', () => {
  it('are its last line on stderr, whatever stdout has after that', () => {
    expect(lastOf(['stderr', 'one'], ['stderr', 'two'], ['stdout', 'three'])).toBe('two');
  });

  it('are its last line on stdout where stderr has none', () => {
    expect(lastOf(['stdout', 'one'], ['stdout', 'two'])).toBe('two');
  });

  it('pass over empty lines', () => {
    expect(lastOf(['stdout', 'one'], ['stderr', '  '], ['stdout', ''])).toBe('one');
    expect(lastOf(['stderr', ''])).toBeUndefined();
    expect(lastOf()).toBeUndefined();
  });

  it('are cut to 200 characters, and no character in two', () => {
    expect(lastOf(['stderr', 'x'.repeat(200)])).toBe('x'.repeat(200));
    expect(lastOf(['stderr', 'x'.repeat(201)])).toBe(`${'x'.repeat(199)}…`);
    expect(lastOf(['stderr', `${'x'.repeat(198)}😀😀`])).toBe(`${'x'.repeat(198)}…`);
  });
});
