import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createLdif } from '../../src/commands/ldif-create.ts';
import { type LoadOptions, loadLdif } from '../../src/commands/ldif-load.ts';
import { exitCodeOf } from '../../src/commands/run-action.ts';
import { BASE, SERVICE_DN } from '../support/accounts.ts';
import { attempt } from '../support/children.ts';
import { MAIN } from '../support/main.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';
import { ROOT_DN, ROOT_PASSWORD } from '../support/slapd-config.ts';
import { text } from '../support/test-directory.ts';

const DEFAULTS = {
  reseller: '4000000',
  customer: '4000001',
  people: '4000002',
  givenname: 'Givenname',
  surname: 'Surname',
  base: BASE,
  quota: '10737418240',
  dateAttribute: 'sstProvisioningExecutionDate',
  force: false,
};

describe('the LDIF tools and a real slapd', () => {
  let slapd: Slapd;
  let folder: string;
  let config: string;

  beforeAll(async () => {
    slapd = await startSlapd();
    folder = mkdtempSync(join(tmpdir(), 'ldif-'));
    config = join(folder, 'config.yaml');
    writeFileSync(join(folder, 'root-password'), `${ROOT_PASSWORD}\n`, { mode: 0o600 });
    writeFileSync(join(folder, 'service-password'), 'service-secret\n', { mode: 0o600 });
    configure(`${ROOT_DN}`, 'root-password');
  });
  afterAll(async () => {
    await slapd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function configure(bindDn: string, password: string): void {
    const directory = `{ url: "${slapd.url}", base: "${BASE}", bindDn: "${bindDn}", bindPasswordFile: "${join(folder, password)}" }`;
    writeFileSync(config, `directory: ${directory}\nscript: { command: [/bin/true] }\n`);
  }

  /** Runs a command. Resolves to its exit code, standard output and standard error. */
  async function printed(run: () => Promise<number>): Promise<{ exitCode: number; out: string; err: string }> {
    const said = { out: '', err: '' };
    const collect = (stream: 'out' | 'err') => (chunk: string | Uint8Array) => {
      said[stream] += String(chunk);
      return true;
    };
    const onOut = vi.spyOn(process.stdout, 'write').mockImplementation(collect('out'));
    const onErr = vi.spyOn(process.stderr, 'write').mockImplementation(collect('err'));
    try {
      const exitCode = await exitCodeOf(run, 1);
      return { exitCode, ...said };
    } finally {
      onOut.mockRestore();
      onErr.mockRestore();
    }
  }

  async function load(ldif: string, options: Partial<LoadOptions> = {}) {
    const file = join(folder, 'load.ldif');
    writeFileSync(file, ldif);
    return printed(() => loadLdif(file, { config, continue: false, ...options }));
  }

  async function create(uid: string, more: object = {}): Promise<string[]> {
    const { exitCode, out, err } = await printed(() => createLdif({ ...DEFAULTS, uid, out: folder, ...more }));
    expect([exitCode, err]).toEqual([0, '']);
    return out.trim().split('\n');
  }

  async function state(uid: string): Promise<string[] | undefined> {
    const entry = await slapd.read(uid);
    return (
      entry &&
      ['sstIsActive', 'sstProvisioningMode', 'sstProvisioningState', 'sstProvisioningExecutionDate'].map((name) =>
        text(entry, name),
      )
    );
  }

  it.each([
    ['ldapmodify', '3724300', {}],
    ['ldif load', '3724301', {}],
    ['ldapmodify', 'zo.e@example-1.org', { givenname: 'Zoë', surname: 'Müller: <Bär> ' }],
    ['ldif load', 'zo_e@example-2.org', { givenname: 'Zoë', surname: 'Müller: <Bär> ', reseller: '#1 ' }],
  ])('take an account through its life by %s (%s)', async (tool, uid, more) => {
    const files = await create(uid, more);
    const apply = async (file: string | undefined): Promise<void> => {
      const ldif = readFileSync(file ?? '', 'utf8');
      if (tool === 'ldapmodify') expect(await slapd.load(ldif)).toMatchObject({ code: 0 });
      else expect(await load(ldif)).toMatchObject({ exitCode: 0, err: '' });
    };
    await apply(files[0]);
    expect(await state(uid)).toEqual(['TRUE', 'add', '0', '0']);
    const entry = await slapd.read(uid);
    expect(entry && text(entry, 'sn')).toBe('surname' in more ? more.surname : 'Surname');
    await slapd.request(uid, 'added', { sstProvisioningState: '20260101T000000Z' });
    await apply(files[1]);
    expect(await state(uid)).toEqual(['TRUE', 'modify', '0', '0']);
    await apply(files[2]);
    expect(await state(uid)).toEqual(['FALSE', 'delete', '0', '0']);
    await apply(files[3]);
    expect(await state(uid)).toBeUndefined();
  });

  it('name the record and the line of the first refusal, and try nothing after it', async () => {
    const dn = `ou=one,${BASE}`;
    const ldif = `dn: ${dn}\nobjectClass: organizationalUnit\nou: one\n\ndn: ${dn}\nobjectClass: organizationalUnit\nou: one\n\ndn: ${dn}\nchangetype: delete\n`;
    const first = await load(ldif);
    expect(first.exitCode).toBe(1);
    expect(first.err).toMatch(/^record 2 \(line 5\): add ou=one.*\(68\).*exists already/);
    expect(first.out).toContain('1 record applied, 1 failed; the records after the one in line 5 were not tried\n');
    const second = await load(ldif, { continue: true });
    expect(second.out).toContain(`record 3 (line 9): delete ${dn}: done`);
    expect(second.out).toContain('1 record applied, 2 failed\n');
    expect(await slapd.readEntry(dn)).toBeUndefined();
  });

  it('rename, keep the old name if asked to, and move', async () => {
    const unit = (name: string) =>
      `dn: ou=${name},${BASE}\nchangetype: add\nobjectClass: organizationalUnit\nou: ${name.replaceAll('\\', '')}\n\n`;
    const ldif = [
      unit('here'),
      unit('there'),
      `dn: ou=here,${BASE}\nchangetype: modrdn\nnewrdn: ou=h\\,\\"\\C3\\A9\ndeleteoldrdn: 0\n\n`,
      `dn: ou=h\\,\\"é,${BASE}\nchangetype: moddn\nnewrdn: ou=moved\ndeleteoldrdn: 1\nnewsuperior: ou=there,${BASE}\n\n`,
    ].join('');
    expect(await load(ldif)).toMatchObject({ exitCode: 0, err: '' });
    const moved = await slapd.readEntry(`ou=moved,ou=there,${BASE}`);
    expect(moved?.values('ou').map(String).sort()).toEqual(['here', 'moved']);
    const removal = `dn: ou=moved,ou=there,${BASE}\nchangetype: delete\n\ndn: ou=there,${BASE}\nchangetype: delete\n`;
    expect(await load(removal)).toMatchObject({ exitCode: 0 });
  });

  it('carry bytes as they are', async () => {
    const photo = Buffer.from([0xff, 0xd8, 0x00, 0x0a, 0xff]);
    await slapd.addAccount('photo');
    const dn = `uid=photo,${BASE}`;
    const ldif = `dn: ${dn}\nchangetype: modify\nadd: objectClass\nobjectClass: extensibleObject\n-\nadd: jpegPhoto\njpegPhoto:: ${photo.toString('base64')}\n-\n`;
    expect(await load(ldif)).toMatchObject({ exitCode: 0 });
    expect((await slapd.read('photo'))?.values('jpegPhoto')).toEqual([photo]);
  });

  it('say what to do where the service’s account may not write, and bind as another one', async () => {
    configure(SERVICE_DN, 'service-password');
    const ldif = `dn: ou=two,${BASE}\nobjectClass: organizationalUnit\nou: two\n`;
    expect(await load(ldif)).toMatchObject({ exitCode: 1, err: expect.stringMatching(/\(50\).*--bind-dn/) });
    const other = { bindDn: ROOT_DN, bindPasswordFile: join(folder, 'root-password') };
    expect(await load(ldif, other)).toMatchObject({ exitCode: 0 });
    expect(await load(ldif, { bindDn: ROOT_DN })).toMatchObject({ exitCode: 64 });
    configure(ROOT_DN, 'root-password');
  });

  it('apply a file, and standard input, as it comes, up to the first record that cannot be read', async () => {
    const unit = (name: string) => `dn: ou=${name},${BASE}\nobjectClass: organizationalUnit\nou: ${name}\n\n`;
    const input = [unit('in1'), 'dn: x\nnonsense\n\n', unit('in2')].join('');
    const file = join(folder, 'faulty.ldif');
    writeFileSync(file, input);
    for (const from of ['-', file]) {
      const args = [MAIN, 'ldif', 'load', '-c', config, from];
      expect(await attempt(process.execPath, args, { input })).toMatchObject({
        code: 1,
        stdout: expect.stringMatching(
          /^record 1 .*: done\n1 record applied, 1 failed; the records after the one in line 5 were not tried\n$/,
        ),
        stderr: expect.stringMatching(/^record 2 \(line 6\): not readable/),
      });
      expect(await attempt(process.execPath, [...args, '--continue'], { input })).toMatchObject({
        code: 1,
        stdout: expect.stringMatching(/^record 3 .*: done\n1 record applied, 2 failed\n$/),
      });
      for (const name of ['in1', 'in2']) await slapd.delete(`ou=${name},${BASE}`);
    }
    expect(await attempt(process.execPath, [MAIN, 'ldif', 'load', '-c', config, '-'], { input: '' })).toMatchObject({
      code: 1,
      stderr: 'standard input contains no records\n',
    });
  });

  it('say how many records were applied before the rest could not be read', async () => {
    const unit = `dn: ou=half,${BASE}\nobjectClass: organizationalUnit\nou: half\n\n`;
    async function* failing() {
      yield Buffer.from(unit);
      throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
    }
    const stdin = vi.spyOn(process, 'stdin', 'get').mockReturnValue(Readable.from(failing()) as typeof process.stdin);
    const { exitCode, err } = await printed(() => loadLdif('-', { config, continue: true }));
    stdin.mockRestore();
    expect([exitCode, err]).toEqual([1, 'standard input cannot be read: EIO; 1 earlier record was applied\n']);
    await slapd.delete(`ou=half,${BASE}`);
  });

  it('say of a file that it is missing, or holds nothing', async () => {
    expect(await load('# nothing\n')).toMatchObject({ exitCode: 1, err: expect.stringContaining('no records') });
    const missing = await printed(() => loadLdif(join(folder, 'missing.ldif'), { config, continue: false }));
    expect(missing).toMatchObject({
      exitCode: 1,
      err: expect.stringMatching(/missing\.ldif cannot be read: it does not exist/),
    });
  });

  it('leave with 78 for a faulty configuration and 1 for a directory that is away', async () => {
    const away = join(folder, 'away.yaml');
    writeFileSync(away, readFileSync(config, 'utf8').replace(slapd.url, 'ldap://127.0.0.1:1'));
    expect(await load('dn: cn=a\nchangetype: delete\n', { config: away })).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining('127.0.0.1:1'),
    });
    writeFileSync(away, 'directory: {}\n');
    expect(await load('dn: cn=a\nchangetype: delete\n', { config: away })).toMatchObject({ exitCode: 78 });
  });

  it('refuse a uid that the service would not work on', async () => {
    for (const uid of ['../etc', 'a b', '-x', 'ä', '']) {
      const { exitCode, err } = await printed(() => createLdif({ ...DEFAULTS, uid, out: folder }));
      expect([exitCode, err.startsWith('--uid: ')]).toEqual([64, true]);
    }
  });
});
