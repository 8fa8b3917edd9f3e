import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/** The rows of the glossary's tables, without the headings. */
const rows = readFileSync(join(ROOT, 'docs/glossary.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => line.slice(2, -2).split(' | '))
  .filter(([term]) => term !== 'term');

describe('the glossary', () => {
  it('has a term, its meaning and one file that exists in each of its rows', () => {
    expect(rows.length).toBeGreaterThan(50);
    for (const [term, meaning, where = '', ...more] of rows) {
      const path = /^`([^`]+)`$/.exec(where)?.[1] ?? '';
      expect({ term, more, hasFile: path !== '' && existsSync(join(ROOT, path)) }).toEqual({
        term,
        more: [],
        hasFile: true,
      });
      expect(meaning, term).toMatch(/\.$/);
    }
  });

  it('has each term once', () => {
    const terms = rows.map(([term]) => term);
    expect(terms.filter((term, index) => terms.indexOf(term) !== index)).toEqual([]);
  });
});
