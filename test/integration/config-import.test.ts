import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountDn, BASE, SERVICE_DN, SERVICE_PASSWORD } from '../support/accounts.ts';
import { attempt } from '../support/children.ts';
import { MAIN } from '../support/main.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';

let folder: string;
let slapd: Slapd;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-import-'));
  slapd = await startSlapd();
});
afterAll(async () => {
  await slapd?.stop();
  await rm(folder, { recursive: true, force: true });
});

const run = (...args: readonly string[]) => attempt(process.execPath, [MAIN, ...args]);

describe('`config import`', () => {
  it('writes configuration and password, with which `check` and `explain` work at once', async () => {
    const ini = join(folder, 'Rsnapshot.conf');
    const database = [
      '[Database]',
      'SERVER = 127.0.0.1',
      `PORT = ${slapd.port}`,
      `ADMIN_USER = ${SERVICE_DN}`,
      `ADMIN_PASSWORD = ${SERVICE_PASSWORD}`,
      `SERVICE_SUBTREE = ${BASE}`,
      'SEARCH_FILTER = (&(entryCSN>=%entryCSN%)(objectClass=*))',
      'COOKIE_FILE = /var/cookie',
      '',
    ];
    await writeFile(ini, database.join('\n'));
    const first = await run('config', 'import', ini, '--script', '/bin/true', '--out', folder);
    expect(first).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining(`${ini}:8: [Database] COOKIE_FILE`),
    });
    const [yaml, password] = [join(folder, 'prov-backup-rsnapshot.yaml'), join(folder, 'password')];
    expect(await readFile(password, 'utf8')).toBe(`${SERVICE_PASSWORD}\n`);
    expect((await stat(password)).mode & 0o777).toBe(0o600);

    await slapd.addAccount('1', { sstProvisioningMode: 'add', sstProvisioningState: '0' });
    const checked = await run('check', '-c', yaml);
    expect(checked.stdout).toMatch(/^ok .*the server knows the service as dn:cn=prov-backup-rsnapshot/m);
    expect(checked).toMatchObject({ code: 0 });
    expect((await run('explain', '-c', yaml, '1')).stdout).toContain(accountDn('1'));

    const again = await run('config', 'import', ini, '--script', '/bin/true', '--out', folder);
    expect(again).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/snapshot\.yaml exists and is not overwritten/),
    });
  });

  it('prints it otherwise, with what is left to do, and exits 1', async () => {
    const ini = join(folder, 'other.conf');
    await writeFile(ini, '[Database]\nSERVER = localhost\nSERVICE_SUBTREE = dc=a\n');
    const { code, stdout, stderr } = await run('config', 'import', ini);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^# To do: script\.command: /m);
    expect(stdout).toMatch(/^ {2}url: ldap:\/\/localhost$/m);
    expect(stderr).toMatch(/^script\.command: /m);
  });

  it('refuses what it cannot translate, or read', async () => {
    const ini = join(folder, 'file.conf');
    await writeFile(ini, '[Database]\nBACKEND = File\n');
    expect(await run('config', 'import', ini)).toMatchObject({ code: 78, stdout: '' });
    expect(await run('config', 'import', join(folder, 'none'))).toMatchObject({ code: 78, stdout: '' });
    expect(await run('config', 'import')).toMatchObject({ code: 64 });
  });
});
