import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { releaseDate } from '../../packaging/generated.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const manifest = JSON.parse(read('package.json')) as {
  readonly version: string;
  readonly license: string;
  readonly engines: { readonly node: string };
  readonly files: readonly string[];
};

describe('the release', () => {
  const debian = read('packaging/debian/changelog');

  it('has one version in package.json and in the changelog of the Debian package', () => {
    expect(/^prov-backup-rsnapshot \(([^)]+)\)/.exec(debian)?.[1]).toBe(manifest.version);
    expect(releaseDate(debian)).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  });

  it('heads the changelog, with its date', () => {
    const [newest] = [...read('CHANGELOG.md').matchAll(/^## (\d\S*) - (\S+)$/gm)];
    expect(newest?.slice(1)).toEqual([manifest.version, releaseDate(debian)]);
  });

  it('has one licence in package.json, in LICENSE and in the Debian package', () => {
    expect(manifest.license).toBe('MIT');
    const [title, copyright, ...text] = read('LICENSE').trimEnd().split('\n\n');
    expect(title).toBe('MIT License');
    const stated = read('packaging/debian/copyright');
    const [, holder] = /^Files: \*\nCopyright: (.*)$/m.exec(stated) ?? [];
    expect(copyright).toBe(`Copyright (c) ${holder}`);
    const [, expat = ''] = /^License: Expat\n( [\s\S]*)$/m.exec(stated) ?? [];
    expect(text.join('\n\n')).toBe(expat.trimEnd().replace(/^ \.?/gm, ''));
  });

  it('offers developers the oldest line of Node.js that the service supports', () => {
    expect(manifest.engines.node.replace('>=', '').split('.')[0]).toBe(read('.nvmrc').trim());
  });

  it('packs no file that is missing', () => {
    const written = manifest.files.filter((path) => !path.startsWith('dist/') && !path.includes('*'));
    expect(written.length).toBeGreaterThan(5);
    expect(written.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});
