import { describe, expect, it } from 'vitest';
import { errorText } from '../../src/domain/error-text.ts';

describe('the text of an error', () => {
  it('is its message', () => {
    expect(errorText(new Error('no'))).toBe('no');
    expect(errorText('no')).toBe('no');
  });

  it('names each of several where they have no message together', () => {
    const [first, second] = [new Error('connect ECONNREFUSED ::1:1'), new Error('connect ECONNREFUSED 127.0.0.1:1')];
    expect(errorText(new AggregateError([first, second]))).toBe(`${first.message}, ${second.message}`);
    expect(errorText(new AggregateError([first, second], 'both failed'))).toBe('both failed');
  });
});
