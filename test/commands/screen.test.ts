import { describe, expect, it } from 'vitest';
import { frame, sizeOf } from '../../src/commands/screen.ts';

describe('a screen', () => {
  it('shows a text in place of the one before, and never scrolls', () => {
    expect(frame('a\nbc', { columns: 80, rows: 24 })).toBe('\x1b[Ha\x1b[K\r\nbc\x1b[K\x1b[J');
    const shown = frame('1\n2\n3', { columns: 80, rows: 2 });
    expect(shown).toBe('\x1b[H1\x1b[K\r\n2\x1b[K\x1b[J');
  });

  it('is 80 columns wide and 24 rows high where the terminal does not say it', () => {
    expect(sizeOf({ columns: 0, rows: 0 })).toEqual({ columns: 80, rows: 24 });
    expect(sizeOf({ columns: 100, rows: 40 })).toEqual({ columns: 100, rows: 40 });
  });
});
