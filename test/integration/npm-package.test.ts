import { readFileSync, statSync } from 'node:fs';
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execute } from '../support/children.ts';
import { packTarball } from '../support/npm-package.ts';

const ROOT = join(import.meta.dirname, '../..');

/** All files below a folder, by their path in it. */
async function filesBelow(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((one) => !one.isDirectory())
    .map((one) => join(one.parentPath, one.name).slice(folder.length + 1));
}

describe('the npm package', () => {
  let folder: string;
  let tarball: string;
  let installed: string;
  const npm = (...args: string[]) => execute('npm', [...args, '--loglevel=error'], { cwd: ROOT });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'npm-package-'));
    tarball = await packTarball(folder);
    await npm('install', '--global', '--offline', '--prefix', join(folder, 'prefix'), tarball);
    installed = join(folder, 'prefix/lib/node_modules/prov-backup-rsnapshot');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('holds what runs and what it is used with, and nothing else', async () => {
    const files = await filesBelow(installed);
    expect(files.filter((file) => file.startsWith('dist/')).sort()).toEqual([
      'dist/src/datagrams.py',
      'dist/src/launcher.py',
      'dist/src/lookup.py',
      'dist/src/main.js',
      'dist/src/page/icon.svg',
      'dist/src/page/index.html',
      'dist/src/page/page.css',
      'dist/src/page/page.js',
      'dist/src/program.js',
      'dist/third-party-notices.txt',
    ]);
    expect(files.filter((file) => /\.(?:ts|map|mjs)$|(?:^|\/)(?:test|node_modules)\//.test(file))).toEqual([]);
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const named = [...readme.matchAll(/\]\(((?:config|docs|packaging)\/[\w./-]+)/g)].map(([, path]) => path);
    expect(named.length).toBeGreaterThan(3);
    expect(files).toEqual(expect.arrayContaining(named));
  });

  it('takes less than 1.2 MB, and less than 5 MB when it is installed', async () => {
    const sizes = (await filesBelow(installed)).map((file) => statSync(join(installed, file)).size);
    expect(statSync(tarball).size).toBeLessThan(1_200_000);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(5_000_000);
  });

  it('installs a command that works, and its manual pages', async () => {
    const command = join(folder, 'prefix/bin/prov-backup-rsnapshot');
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect((await execute(command, ['--version'])).stdout.trim()).toBe(version);
    expect((await execute(command, ['sandbox', '--once'])).stdout).toContain('finished');
    const pages = ['man1/prov-backup-rsnapshot.1', 'man5/prov-backup-rsnapshot.yaml.5'];
    for (const page of pages) await lstat(join(folder, 'prefix/share/man', page));
  });

  it('names each package that is in the bundle, with its licence', () => {
    const notices = readFileSync(join(installed, 'dist/third-party-notices.txt'), 'utf8');
    for (const name of [
      'rxjs',
      'ldapjs',
      'winston',
      'zod',
      'commander',
      'execa',
      'yaml',
      'hono',
      'prom-client',
      'preact',
    ]) {
      expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+, (?:MIT|ISC|Apache-2\\.0)$`, 'm'));
    }
  });
});
