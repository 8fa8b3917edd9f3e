import { describe, expect, it } from 'vitest';
import { Tokens } from '../../src/replay/tokens.ts';

describe('tokens', () => {
  it('are taken in the order in which they were given, each once, whatever the case of the key', async () => {
    const tokens = new Tokens<number>(new AbortController().signal);
    tokens.give('a', 1);
    tokens.give('A', 2);
    expect([await tokens.take('A'), await tokens.take('a')]).toEqual([1, 2]);
    const third = tokens.take('a');
    expect(tokens.isWaiting('A')).toBe(true);
    tokens.give('a', 3);
    expect(await third).toBe(3);
    expect(tokens.isWaiting('a')).toBe(false);
  });

  it('are given up when the end has come', async () => {
    const end = new AbortController();
    const tokens = new Tokens<number>(end.signal);
    const waiting = tokens.take('a');
    end.abort(new Error('the end'));
    await expect(waiting).rejects.toThrow('the end');
    await expect(tokens.take('b')).rejects.toThrow('the end');
  });
});
