import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const FOLDERS = ['src', 'streams', 'handlers', 'config', 'test', 'bench', 'packaging'];
const MOST_COLUMNS = 100;

const sources = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:tsx?|mjs|py|sh)$/.test(name))
    .map((name) => join(folder, name)),
);

it(`no comment is wider than ${MOST_COLUMNS} columns`, () => {
  const wide = sources.flatMap((path) =>
    readFileSync(join(ROOT, path), 'utf8')
      .split('\n')
      .filter((line) => line.length > MOST_COLUMNS && /^ *(?:\* |\/\*|\/\/|# |""")/.test(line))
      .map((line) => `${path}: ${line}`),
  );
  expect(sources.length).toBeGreaterThan(500);
  expect(wide).toEqual([]);
});
