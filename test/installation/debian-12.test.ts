import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchRuntime } from '../support/runtimes.ts';
import { CleanRoot } from './clean-root.ts';
import { makePackage, nodejsPackage } from './debian-package.ts';

describe('on Debian 12, whose nodejs is 18', () => {
  let folder: string;
  let root: CleanRoot;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'debian-12-'));
    const { node } = await fetchRuntime('20.19', 300);
    root = await CleanRoot.open('bookworm', ['nodejs', 'python3']);
    root.copy(await makePackage(folder), 'tmp/package.deb');
    root.copy(await nodejsPackage(node, folder), 'tmp/nodejs.deb');
  });
  afterAll(async () => {
    await root.close();
    await rm(folder, { recursive: true });
  });

  it('the package is refused, with the version that it needs and the one that is there', async () => {
    const apt = await root.attempt('apt-get', 'install', '--yes', '/tmp/package.deb');
    expect(apt.code).not.toBe(0);
    expect(`${apt.stdout}${apt.stderr}`).toContain('prov-backup-rsnapshot : Depends: nodejs (>= 20.19) but');

    await root.run('apt-get', 'install', '--yes', '--no-install-recommends', 'nodejs');
    const dpkg = await root.attempt('dpkg', '--install', '/tmp/package.deb');
    expect(dpkg.code).not.toBe(0);
    expect(dpkg.stderr).toMatch(/depends on nodejs \(>= 20\.19\); however:\s+Version of nodejs on system is 18\./);
    await root.run('dpkg', '--purge', 'prov-backup-rsnapshot');
  });

  it('works as soon as there is a nodejs 20', async () => {
    const packages = ['/tmp/nodejs.deb', '/tmp/package.deb'];
    await root.run('apt-get', 'install', '--yes', '--no-install-recommends', ...packages);
    expect(await root.run('node', '--version')).toMatch(/^v20\.19\./);
    expect(await root.run('prov-backup-rsnapshot', 'sandbox', '--once')).toContain('finished');
  });
});
