import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { notesOf, shapeOf } from '../../config/kinds/setting.ts';
import { parseConfig } from '../../config/load-config.ts';
import { renderReference, SITE_VALUES } from '../../config/reference.ts';
import { settingsSchema } from '../../config/schema.ts';

const EXAMPLE = join(import.meta.dirname, '../../config/prov-backup-rsnapshot.example.yaml');

function keysOf(schema: Parameters<typeof shapeOf>[0], path: readonly string[] = []): string[] {
  return Object.entries(shapeOf(schema) ?? {}).flatMap(([key, inner]) =>
    notesOf(inner) === undefined ? keysOf(inner, [...path, key]) : [[...path, key].join('.')],
  );
}

function valueAt(key: string, tree: unknown): unknown {
  return key.split('.').reduce((value, part) => (value as Record<string, unknown> | undefined)?.[part], tree);
}

describe('the example file', () => {
  it('shows every setting', async () => {
    const shown: unknown = parse(await readFile(EXAMPLE, 'utf8'));
    expect(keysOf(settingsSchema).filter((key) => valueAt(key, shown) === undefined)).toEqual([]);
  });

  it('is accepted, and gives the defaults save where a site has values of its own', async () => {
    const text = await readFile(EXAMPLE, 'utf8');
    const example = parseConfig(text, {}, EXAMPLE);
    const required = { directory: { url: 'ldap://x', base: 'dc=x' }, script: { command: ['/x'] } };
    const defaults = parseConfig(JSON.stringify(required), {}, 'defaults');

    const different = keysOf(settingsSchema).filter(
      (key) => JSON.stringify(valueAt(key, example)) !== JSON.stringify(valueAt(key, defaults)),
    );
    expect(different.sort()).toEqual(Object.keys(SITE_VALUES).sort());
    for (const key of different) expect(valueAt(key, example)).toEqual(SITE_VALUES[key]);
  });
});

describe('the reference', () => {
  it('names every setting', () => {
    const reference = renderReference();
    expect(keysOf(settingsSchema).filter((key) => !reference.includes(`| \`${key}\` |`))).toEqual([]);
  });
});
