import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { entryOf } from '../../src/domain/entry.ts';
import { FLAT_LAYOUT, readHomePath } from '../../src/domain/home-path.ts';
import { RACE_TIMEOUT, raceTime } from '../endurance/scale.ts';
import { FOREIGN_HOMES, HOSTILE_HOMES, HOSTILE_USERS } from '../support/hostile.ts';
import { swapFolders } from '../support/swapper.ts';

const script = resolve(import.meta.dirname, '../../config/examples/create-chroot.sh');
const numbers = { PROV_UID_NUMBER: '5000', PROV_GID_NUMBER: '5000' };

/** The type, owner and rights of everything below a folder. */
function picture(folder: string): string[] {
  return ['.', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })].sort().map((name) => {
    const { mode, uid, gid, ino } = lstatSync(join(folder, name));
    return `${name} ${mode.toString(8)} ${uid}:${gid} ${ino}`;
  });
}

function relink(target: string, link: string): void {
  rmSync(link);
  symlinkSync(target, link);
}

describe('the example chroot script', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'chroot-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function run(mode: string, uid: string, env: Record<string, string> = {}): { code: number | null; said: string } {
    const base = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', PROV_HOME_ROOT: root, PROV_HOME_LAYOUT: '*/{uid}' };
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
      said: expect.stringContaining('does not exist any more'),
    });
    expect(run('add', '3724300', homeOf('3724300')).code).toBe(0);
  });

  it('moves the home alone where it is the account’s own folder', () => {
    const env = { PROV_HOME_DIRECTORY: `${root}/shared/./home/anna/`, PROV_HOME_LAYOUT: '*/home/{uid}' };
    expect(run('add', 'anna', env).code).toBe(0);
    expect(run('delete', 'anna', env).code).toBe(0);
    expect(readdirSync(join(root, 'shared/home'))).toEqual([]);
  });

  it('moves the own folder of the layout, however the home in it is called, and none with another’s home', () => {
    const env = { PROV_HOME_DIRECTORY: `${root}/0/anna/www`, PROV_HOME_LAYOUT: '*/{uid}' };
    expect(run('add', 'anna', env).code).toBe(0);
    chownSync(join(root, '0/anna/www'), 5001, 5001);
    expect(run('delete', 'anna', env)).toMatchObject({ code: 1, said: expect.stringContaining('by hand') });
    chownSync(join(root, '0/anna/www'), 5000, 5000);
    expect(run('delete', 'anna', env).code).toBe(0);
    expect(readdirSync(join(root, '0'))).toEqual([]);
    expect(readdirSync(join(root, '.deleted'))).toHaveLength(1);
  });

  it.each([
    ['UID', 'UID'],
    ['UID/chroot/./home/UID', 'UID'],
    ['./UID', 'UID'],
  ])('serves the home %s by itself, in one folder an account', (home, own) => {
    const at = (path: string) => `${root}/${path.replaceAll('UID', '3724300')}`;
    const env = { PROV_HOME_DIRECTORY: at(home), PROV_HOME_LAYOUT: '' };
    expect(run('add', '3724300', env).said).toContain('is ready');
    writeFileSync(join(at(home), 'letter'), 'dear');
    expect(run('modify', '3724300', env).code).toBe(0);
    expect(run('delete', '3724300', env).said).toContain(`${at(own)} was moved to ${root}/.deleted/3724300.`);
  });

  it.each(['', '*/{uid}', '*/*/*/*/{uid}'])('lets no account into another one’s folder, by the layout %j', (layout) => {
    const theirs = layout.replaceAll('*', 'x').replace('{uid}', 'victim') || 'victim';
    const victim = { PROV_HOME_DIRECTORY: `${root}/${theirs}/chroot/./home/victim`, PROV_HOME_LAYOUT: layout };
    expect(run('add', 'victim', victim).code).toBe(0);
    writeFileSync(join(root, theirs, 'chroot/home/victim/letter'), 'dear');
    mkdirSync(join(root, '.snapshots/rsn'), { recursive: true });
    const before = picture(root);
    for (const [uid, home] of [
      ['chroot', `${theirs}/chroot/home/./chroot`],
      ['home', `${theirs}/chroot/home/x/./home`],
      ['lib64', `${theirs}/chroot/lib64`],
      ['sq', `${theirs}/sq`],
      ['daily.0', '.snapshots/rsn/daily.0'],
      ['.victim2.new', layout.replaceAll('*', 'x').replace('{uid}', '.victim2.new') || '.victim2.new'],
      ['.deleted', '.deleted'],
    ] as const) {
      const env = { PROV_HOME_DIRECTORY: `${root}/${home}`, PROV_UID_NUMBER: '5001', PROV_HOME_LAYOUT: layout };
      for (const mode of ['add', 'modify', 'delete'])
        expect([1, 4], `${uid} ${mode}`).toContain(run(mode, uid, env).code);
    }
    expect(picture(root)).toEqual(before);
  });

  it('makes no room for itself by the home of another account', () => {
    const env = (uid: string) => ({ PROV_HOME_DIRECTORY: `${root}/${uid}`, PROV_HOME_LAYOUT: '{uid}' });
    const other = join(root, '.anna.new');
    mkdirSync(other);
    expect(run('add', 'anna', env('anna')).code).toBe(0);
    expect(existsSync(other)).toBe(true);
  });

  it.each(['*', 'anna', '{uid}/x', '.x/{uid}', '*/.x/{uid}', '/{uid}', 'a//{uid}', 'x{uid}', '{uid}/{uid}'])(
    'refuses the layout %j',
    (layout) => {
      const env = { PROV_HOME_DIRECTORY: `${root}/anna`, PROV_HOME_LAYOUT: layout };
      for (const mode of ['add', 'delete']) expect(run(mode, 'anna', env).code).toBe(1);
      expect(readdirSync(root)).toEqual([]);
    },
  );

  it('works in a root that links of root lead to, each after the other, as the service does', () => {
    mkdirSync(join(root, 'data/homes'), { recursive: true });
    mkdirSync(join(root, 'links'));
    chmodSync(join(root, 'links'), 0o1755);
    symlinkSync('../data', join(root, 'links/a'));
    symlinkSync(join(root, 'links/a/homes'), join(root, 'links/b'));
    const named = `${root}/links/b`;
    const env = { PROV_HOME_DIRECTORY: `${named}/anna/./home/anna`, PROV_HOME_ROOT: named, PROV_HOME_LAYOUT: '' };
    for (const mode of ['add', 'modify']) expect(run(mode, 'anna', env)).toMatchObject({ code: 0 });
    expect(statSync(join(root, 'data/homes/anna/home/anna')).uid).toBe(5000);
    expect(run('delete', 'anna', env)).toMatchObject({ code: 0 });
    expect(readdirSync(join(root, 'data/homes'))).toEqual(['.deleted']);
    expect(readdirSync(join(root, 'data/homes/.deleted'))).toHaveLength(1);
  });

  it.each([
    [
      'a link of a customer’s',
      (at: string) => lchownSync(join(at, 'link'), 5000, 5000),
      'symbolic link of another user',
    ],
    ['a customer’s folder', (at: string) => chownSync(at, 5000, 5000), 'belongs to the user number 5000'],
    [
      'a folder that others can write to',
      (at: string) => chmodSync(at, 0o777),
      'can be written to by users other than root',
    ],
    ['a customer’s folder behind a link', (at: string) => chownSync(join(at, 'real'), 5000, 5000), 'belongs to'],
    ['a link of root’s in a sticky folder', (at: string) => chmodSync(at, 0o1777), 'link where others may write'],
    ['a link to itself', (at: string) => relink('link', join(at, 'link')), 'more than 40 symbolic links'],
  ])('works in no root that %s leads to', (_what, spoil, words) => {
    const at = join(root, 'at');
    mkdirSync(join(at, 'real/homes'), { recursive: true });
    symlinkSync('real/homes', join(at, 'link'));
    spoil(at);
    const env = { PROV_HOME_DIRECTORY: `${at}/link/anna`, PROV_HOME_ROOT: `${at}/link`, PROV_HOME_LAYOUT: '' };
    for (const mode of ['add', 'delete']) {
      const { code, said } = run(mode, 'anna', env);
      expect([1, 4, 5]).toContain(code);
      expect(said).toMatch(new RegExp(`${words}|is missing`));
    }
    expect(readdirSync(join(at, 'real/homes'))).toEqual([]);
  });

  it('takes each spelling of a home, and of the root, that the service takes', () => {
    chmodSync(root, 0o755);
    for (const spell of ['ROOT//anna', '//ROOT/./anna/', '/./ROOT/anna', 'ROOT/./anna/./']) {
      const env = { PROV_HOME_DIRECTORY: spell.replace('ROOT', root.replaceAll('/', '//')), PROV_HOME_LAYOUT: '' };
      for (const homeRoot of [root, `/${root}//`, `${root}/./`]) {
        const entry = entryOf('uid=anna', { homeDirectory: env.PROV_HOME_DIRECTORY });
        const { kind } = readHomePath(entry, 'anna', { homeRoot, homeLayout: FLAT_LAYOUT });
        expect(kind, spell).toBe('home');
        expect(run('modify', 'anna', { ...env, PROV_HOME_ROOT: homeRoot }), spell).toMatchObject({
          code: 0,
          said: `home ${root}/anna is ready\n`,
        });
      }
    }
  });

  it('says which home it has made as it is called, whatever is in it', () => {
    const home = `${root}/anna/\\n\\033[2J %s \\c`;
    const env = { PROV_HOME_DIRECTORY: home, PROV_HOME_LAYOUT: '{uid}' };
    expect(run('add', 'anna', env)).toEqual({ code: 0, said: `home ${home} is ready\n` });
  });

  it('says of a home that is the chroot itself how to write it', () => {
    mkdirSync(join(root, 'anna/data'), { recursive: true });
    const env = { PROV_HOME_DIRECTORY: `${root}/anna`, PROV_HOME_LAYOUT: '' };
    expect(run('modify', 'anna', env)).toMatchObject({
      code: 4,
      said: expect.stringContaining(`as homeDirectory ${root}/anna/./home/anna`),
    });
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

  it.each([...HOSTILE_HOMES, ...FOREIGN_HOMES])('makes, gives away and moves nothing for the home %j', (home) => {
    mkdirSync(join(root, 'other/chroot/home/other'), { recursive: true });
    mkdirSync(join(root, '.deleted/other.20260101T000000Z.1'), { recursive: true, mode: 0o700 });
    const before = picture(root);
    const env = { PROV_HOME_DIRECTORY: home.replaceAll('ROOT', root), PROV_HOME_LAYOUT: '{uid}' };
    for (const mode of ['add', 'modify', 'delete']) expect([1, 4]).toContain(run(mode, '3724300', env).code);
    expect(picture(root)).toEqual(before);
  });

  it.each(HOSTILE_USERS.filter(([uid]) => !uid.includes('\0')))(
    'makes, gives away and moves nothing for the uid %j with the uidNumber %j',
    (uid, uidNumber) => {
      mkdirSync(join(root, 'anna'));
      writeFileSync(join(root, 'anna/letter'), 'dear');
      const before = picture(root);
      const env = { PROV_HOME_DIRECTORY: `${root}/0/${uid}`, PROV_UID_NUMBER: uidNumber };
      for (const mode of ['add', 'modify', 'delete']) expect([1, 4, 5]).toContain(run(mode, uid, env).code);
      expect(picture(root)).toEqual(before);
    },
  );

  it('gives away no folder that is there, whatever the uid is called, and moves none aside', () => {
    expect(run('add', 'victim', homeOf('victim')).code).toBe(0);
    run('add', 'gone', homeOf('gone'));
    run('delete', 'gone', homeOf('gone'));
    const before = picture(root);
    for (const [uid, home] of [
      ['home', '0/victim/chroot/home'],
      ['home', '0/victim/chroot/./home'],
      ['home', '0/victim/chroot/./home/victim'],
      ['chroot', '0/victim/chroot'],
      ['chroot', '0/victim/chroot/home/./victim'],
      ['victim', '0/victim'],
      ['0', '0'],
      ['.deleted', '.deleted'],
      ['anna', '0/victim/chroot/home/victim'],
      ['anna', '0/victim/chroot/home/victim/anna'],
    ] as const) {
      for (const mode of ['add', 'modify', 'delete']) {
        const { code, said } = run(mode, uid, { PROV_HOME_DIRECTORY: `${root}/${home}`, PROV_UID_NUMBER: '5001' });
        expect([1, 4, 5], `${mode} ${uid} ${home}: ${said}`).toContain(code);
      }
    }
    expect(picture(root)).toEqual(before);
  });

  it('finishes what an interrupted run has left, and takes nothing else for that', () => {
    const parent = join(root, '0/3724300/chroot/home');
    mkdirSync(join(parent, '3724300'), { recursive: true });
    mkdirSync(join(parent, '.3724300:new'));
    expect(run('add', '3724300', homeOf('3724300')).code).toBe(0);
    expect(statSync(join(parent, '3724300')).uid).toBe(5000);
    expect(readdirSync(parent)).toEqual(['3724300']);

    renameSync(join(parent, '3724300'), join(parent, '.3724300:new'));
    writeFileSync(join(parent, '.3724300:new/letter'), 'dear');
    expect(run('add', '3724300', homeOf('3724300')).code).toBe(0);
    expect(readFileSync(join(parent, '3724300/letter'), 'utf8')).toBe('dear');

    chownSync(join(parent, '3724300'), 0, 0);
    expect(run('modify', '3724300', homeOf('3724300'))).toMatchObject({ code: 4 });
    expect(statSync(join(parent, '3724300')).uid).toBe(0);
  });

  it.each([
    ['belongs to a customer', (folder: string) => chownSync(folder, 5000, 0)],
    ['its group can write to', (folder: string) => chmodSync(folder, 0o775)],
    ['everybody can write to', (folder: string) => chmodSync(folder, 0o1777)],
  ])('works in no folder that %s', (_, spoil) => {
    expect(run('add', '3724300', homeOf('3724300')).code).toBe(0);
    for (const folder of [root, join(root, '0'), join(root, '0/3724300/chroot/home')]) {
      const { mode, uid } = statSync(folder);
      spoil(folder);
      const before = picture(root);
      expect(run('modify', '3724300', homeOf('3724300')).code, folder).toBe(5);
      expect(run('delete', '3724300', homeOf('3724300')).code, folder).toBe(1);
      expect(picture(root)).toEqual(before);
      chownSync(folder, uid, 0);
      chmodSync(folder, mode);
    }
  });

  it('gives a customer who swaps own folders meanwhile no advantage', { timeout: RACE_TIMEOUT }, async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'elsewhere-'));
    mkdirSync(join(elsewhere, 'anna'));
    writeFileSync(join(elsewhere, 'anna/letter'), 'dear');
    chmodSync(root, 0o755);
    expect(run('add', 'mallory', homeOf('mallory')).code).toBe(0);
    const home = join(root, '0/mallory/chroot/home/mallory');
    mkdirSync(join(home, 'a/anna'), { recursive: true });
    symlinkSync(elsewhere, join(home, 'b'));
    for (const folder of ['a', 'a/anna']) chownSync(join(home, folder), 5000, 5000);
    const before = picture(elsewhere);

    const racer = await swapFolders(join(home, 'a'), join(home, 'b'));
    try {
      const until = performance.now() + raceTime(3_000);
      const layout = '*/mallory/chroot/home/mallory/a/{uid}';
      const env = { PROV_HOME_DIRECTORY: `${home}/a/anna`, PROV_UID_NUMBER: '5000', PROV_HOME_LAYOUT: layout };
      while (performance.now() < until) {
        for (const mode of ['add', 'modify', 'delete']) expect(run(mode, 'anna', env).code).not.toBe(0);
        for (const mode of ['modify', 'modify']) expect(run(mode, 'mallory', homeOf('mallory')).code).toBe(0);
      }
    } finally {
      expect(await racer.stop()).toBeGreaterThan(100);
    }
    expect(picture(elsewhere)).toEqual(before);
    expect(existsSync(join(root, '.deleted'))).toBe(false);
    rmSync(elsewhere, { recursive: true });
  });

  it('does not fill a file system that is not mounted: code 4', () => {
    expect(run('add', '3724300', { ...homeOf('3724300'), PROV_HOME_ROOT: join(root, 'missing') }).code).toBe(4);
  });

  it.each(['', '.', '..', '.deleted', '-rf', 'a/b', 'a b', '$(id)'])('refuses the uid %j', (uid) => {
    expect(run('add', uid, homeOf('3724300')).code).toBe(1);
  });

  it('refuses a mode that it does not know', () => {
    expect(run('adding', '3724300', homeOf('3724300')).code).toBe(1);
  });
});
