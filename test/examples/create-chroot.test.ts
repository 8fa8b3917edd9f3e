import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = resolve(import.meta.dirname, '../../config/examples/create-chroot.sh');
const numbers = { PROV_UID_NUMBER: `${process.getuid?.()}`, PROV_GID_NUMBER: `${process.getgid?.()}` };

describe('the example chroot script', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'chroot-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function run(mode: string, uid: string, env: Record<string, string> = {}): { code: number | null; said: string } {
    const base = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', CHROOT_ROOT: root, CHROOT_LOWEST_UID: '0' };
    const result = spawnSync(script, [mode, uid], { env: { ...base, ...numbers, ...env }, encoding: 'utf8' });
    return { code: result.status, said: result.stdout + result.stderr };
  }
  const homeOf = (uid: string) => ({ PROV_HOME_DIRECTORY: `${root}/0/${uid}/chroot/./home/${uid}` });

  it('creates the home for its owner alone, below folders that all may pass, and may be repeated', () => {
    for (const mode of ['add', 'add', 'modify']) expect(run(mode, '3724300', homeOf('3724300')).code).toBe(0);
    const home = join(root, '0/3724300/chroot/home/3724300');
    expect(statSync(home).mode & 0o7777).toBe(0o700);
    expect(statSync(join(root, '0/3724300/chroot')).mode & 0o7777).toBe(0o755);
    writeFileSync(join(home, 'letter'), 'dear');
    expect(run('modify', '3724300', homeOf('3724300')).code).toBe(0);
    expect(readFileSync(join(home, 'letter'), 'utf8')).toBe('dear');
  });

  it('moves the whole account aside on delete, and is content where it is gone', () => {
    run('add', '3724300', homeOf('3724300'));
    writeFileSync(join(root, '0/3724300/chroot/home/3724300/letter'), 'dear');
    expect(run('delete', '3724300', homeOf('3724300')).code).toBe(0);
    expect(existsSync(join(root, '0/3724300'))).toBe(false);
    const [aside = ''] = readdirSync(join(root, '.deleted'));
    expect(readFileSync(join(root, '.deleted', aside, 'chroot/home/3724300/letter'), 'utf8')).toBe('dear');
    expect(run('delete', '3724300', homeOf('3724300'))).toMatchObject({
      code: 0,
      said: expect.stringContaining('gone already'),
    });
    expect(run('add', '3724300', homeOf('3724300')).code).toBe(0);
  });

  it('moves the home alone where there is no chroot of the account’s name', () => {
    const env = { PROV_HOME_DIRECTORY: `${root}/shared/./home/anna/` };
    expect(run('add', 'anna', env).code).toBe(0);
    expect(run('delete', 'anna', env).code).toBe(0);
    expect(readdirSync(join(root, 'shared/home'))).toEqual([]);
  });

  it('does not move a folder that carries another name', () => {
    const env = { PROV_HOME_DIRECTORY: `${root}/shared` };
    mkdirSync(join(root, 'shared'));
    expect(run('delete', 'anna', env)).toMatchObject({ code: 1, said: expect.stringContaining('by hand') });
    expect(existsSync(join(root, 'shared'))).toBe(true);
  });

  it.each([
    '',
    '/',
    '/etc',
    'relative',
    'ROOT',
    'ROOT/',
    'ROOT/.',
    'ROOT/..',
    'ROOT/../etc',
    'ROOT/a/../../etc',
    'ROOTother/a',
    'ROOT/a\nb',
  ])('cannot check the home %j: code 4, whatever the mode', (home) => {
    const env = { PROV_HOME_DIRECTORY: home.replace('ROOT', root) };
    for (const mode of ['add', 'delete']) expect(run(mode, 'a', env).code).toBe(4);
    expect(readdirSync(root)).toEqual([]);
  });

  it('cannot create a home through a symbolic link: code 5', () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'elsewhere-'));
    symlinkSync(elsewhere, join(root, '0'));
    expect(run('add', '3724300', homeOf('3724300')).code).toBe(5);
    expect(run('delete', '3724300', homeOf('3724300')).code).toBe(1);
    expect(readdirSync(elsewhere)).toEqual([]);
    rmSync(elsewhere, { recursive: true });
  });

  it('cannot create a home where a file is in the way: code 5', () => {
    writeFileSync(join(root, '0'), '');
    expect(run('add', '3724300', homeOf('3724300')).code).toBe(5);
  });

  it.each(['', '0 0', '-1', '1;id', '99999999999'])('cannot give a home to user number %j: code 5', (number) => {
    expect(run('add', '3724300', { ...homeOf('3724300'), PROV_UID_NUMBER: number }).code).toBe(5);
    expect(existsSync(join(root, '0'))).toBe(false);
  });

  it('takes user numbers of all ten digits that the kernel knows', () => {
    const env = { ...homeOf('anna'), PROV_UID_NUMBER: '1999999999', CHROOT_LOWEST_UID: '2000000000' };
    expect(run('add', 'anna', env).said).toContain('belongs to the system');
  });

  it('does not give a home to the system’s own users', () => {
    const env = { ...homeOf('3724300'), PROV_UID_NUMBER: '999', CHROOT_LOWEST_UID: '1000' };
    expect(run('add', '3724300', env).code).toBe(5);
  });

  it('does not fill a file system that is not mounted: code 4', () => {
    expect(run('add', '3724300', { ...homeOf('3724300'), CHROOT_ROOT: join(root, 'missing') }).code).toBe(4);
  });

  it.each(['', '.', '..', '-rf', 'a/b', 'a b', '$(id)'])('refuses the uid %j', (uid) => {
    expect(run('add', uid, homeOf('3724300')).code).toBe(1);
  });

  it('refuses a mode that it does not know', () => {
    expect(run('adding', '3724300', homeOf('3724300')).code).toBe(1);
  });
});
