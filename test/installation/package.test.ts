import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt, execute } from '../support/children.ts';
import { makePackage } from './debian-package.ts';

describe('the Debian package', () => {
  let folder: string;
  let deb: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'deb-'));
    mkdirSync(join(folder, 'one'));
    deb = await makePackage(join(folder, 'one'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is the same, byte by byte, when it is made again', async () => {
    const again = await makePackage(join(folder, 'two'));
    expect(readFileSync(again).equals(readFileSync(deb))).toBe(true);
  });

  it('has nothing that lintian objects to', async () => {
    const { code, stdout } = await attempt('lintian', [
      '--allow-root',
      '--info',
      '--fail-on',
      'error,warning,info',
      deb,
    ]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  });

  it('needs Node.js and Python, and brings no packages of npm', async () => {
    const { stdout: depends } = await execute('dpkg-deb', ['--field', deb, 'Depends']);
    expect(depends.trim()).toBe('nodejs (>= 20.19), python3');
    const { stdout: files } = await execute('dpkg-deb', ['--contents', deb]);
    expect(files).toContain('/usr/bin/prov-backup-rsnapshot -> ');
    expect(files).not.toContain('node_modules');
  });
});

describe.each(['prov-backup-rsnapshot.1', 'prov-backup-rsnapshot.yaml.5'])('the manual page %s', (name) => {
  const page = join(import.meta.dirname, '../../packaging/man', name);

  it('has nothing that mandoc objects to', async () => {
    expect(await attempt('mandoc', ['-Tlint', page])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('is shown by man without a warning', async () => {
    const { code, stdout, stderr } = await attempt('man', ['--warnings', '-l', page]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('NAME');
  });
});
