import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const text = readFileSync(join(ROOT, 'docs/security.md'), 'utf8');

/** The rows of the tables of attempts, without the headings. */
const rows = text
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')))
  .filter((cells) => cells.length === 4 && cells[3] !== 'test');

describe('the threat model', () => {
  it('names a test that exists in each of its rows', () => {
    expect(rows.length).toBeGreaterThan(20);
    for (const [, tries, , named = ''] of rows) {
      const tests = [...named.matchAll(/`(test\/[^`]+)`/g)].map(([, path = '']) => path);
      expect(named === 'the same' || tests.length > 0, tries).toBe(true);
      expect(tests.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    }
  });
});
