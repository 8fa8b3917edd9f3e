import { chmodSync, chownSync, lchownSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunStep } from '../../../handlers/define-step.ts';
import { guardHome, guardLimit } from '../../../handlers/steps/home-guard.ts';
import type { StepOutcome } from '../../../src/domain/job.ts';
import { RACE_TIMEOUT, raceTime } from '../../endurance/scale.ts';
import { FOREIGN_HOMES, HOSTILE_HOMES } from '../../support/hostile.ts';
import { swapFolders } from '../../support/swapper.ts';
import { contextOf, jobOf, MEANS, temporaryFolder } from './job.ts';

function counted(): { run: RunStep; runs: () => number } {
  let runs = 0;
  const run = async (): Promise<StepOutcome> => {
    runs += 1;
    return { ok: true };
  };
  return { run, runs: () => runs };
}

async function guarded(
  homeRoot: string | null,
  homeDirectory: string | string[],
  { uid = 'anna', uidNumber = '5000', homeLayout = '{uid}' } = {},
): Promise<[StepOutcome, number]> {
  const { run, runs } = counted();
  const attributes = uidNumber === '' ? { homeDirectory } : { homeDirectory, uidNumber };
  const outcome = await guardHome(run, { homeRoot, homeLayout })(jobOf(uid, attributes), contextOf(), MEANS);
  return [outcome, runs()];
}

const PASSED = [{ ok: true }, 1];
const REFUSED = [{ ok: false, returnValue: 4 }, 0];

describe('the guard of the home', () => {
  it('lets the step work on a home below the root, there or not yet there', async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'a/anna'), { recursive: true });
    chownSync(join(root, 'a/anna'), 5000, 5000);
    for (const home of ['a/anna', 'a/./anna', 'b/anna/chroot/./home/anna']) {
      expect(await guarded(root, `${root}/${home}`, { homeLayout: '*/{uid}' })).toEqual(PASSED);
    }
  });

  it('lets the step work on an account without a home', async () => {
    expect(await guarded(temporaryFolder(), [])).toEqual(PASSED);
    expect(await guarded(null, [])).toEqual(PASSED);
  });

  it.each(HOSTILE_HOMES)('keeps it from %j, whether or not there is a root for the homes', async (home) => {
    const root = temporaryFolder();
    const given = home.replaceAll('ROOT', root);
    expect(await guarded(root, given, { uid: '3724300' })).toMatchObject(REFUSED);
    expect(await guarded(null, given, { uid: '3724300' })).toMatchObject(REFUSED);
  });

  it.each(FOREIGN_HOMES)('keeps it from %j, which is somebody else’s', async (home) => {
    const root = temporaryFolder();
    expect(await guarded(root, home.replaceAll('ROOT', root), { uid: '3724300' })).toMatchObject(REFUSED);
  });

  it('keeps it from homes that a symbolic link leads to, at whatever depth, there or not yet there', async () => {
    const root = temporaryFolder();
    const elsewhere = temporaryFolder();
    mkdirSync(join(root, 'a'));
    for (const [target, link] of [
      [elsewhere, 'a/link'],
      [root, 'self'],
      ['/nonexistent/target', 'dangling'],
      [elsewhere, 'anna'],
      ['.', 'a/anna'],
    ] as const) {
      symlinkSync(target, join(root, link));
    }
    for (const [home, homeLayout] of [
      ['a/link/anna', '*/*/{uid}'],
      ['a/link/b/c/anna', '*/*/*/*/{uid}'],
      ['self/anna', '*/{uid}'],
      ['dangling/anna', '*/{uid}'],
      ['a/anna', '*/{uid}'],
      ['anna', '{uid}'],
      ['anna/x', '{uid}'],
    ] as const) {
      const [outcome, runs] = await guarded(root, `${root}/${home}`, { homeLayout });
      expect(outcome, home).toMatchObject({ returnValue: 4, reason: expect.stringContaining('symbolic link') });
      expect(runs).toBe(0);
    }
  });

  it('follows a root for the homes that is itself a symbolic link, as the site has made it', async () => {
    const link = join(temporaryFolder(), 'root');
    symlinkSync(temporaryFolder(), link);
    expect(await guarded(`${link}/`, `${link}/anna`)).toEqual(PASSED);
  });

  it('keeps it from a root that a customer can lead elsewhere, by an own link or folder', async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'hers/homes'), { recursive: true });
    symlinkSync(join(root, 'hers/homes'), join(root, 'link'));
    expect(await guarded(join(root, 'link'), `${root}/link/anna`)).toEqual(PASSED);
    lchownSync(join(root, 'link'), 5000, 5000);
    expect(await guarded(join(root, 'link'), `${root}/link/anna`)).toMatchObject([
      { returnValue: 4, reason: `${root}/link is a symbolic link of the user number 5000: give it to root` },
      0,
    ]);
    lchownSync(join(root, 'link'), 0, 0);
    chownSync(join(root, 'hers'), 5000, 5000);
    for (const homes of ['link', 'hers/homes']) {
      expect(await guarded(join(root, homes), `${root}/${homes}/anna`), homes).toMatchObject(REFUSED);
    }
  });

  it('keeps it from a root that a link in a folder for all leads to, as such a link cannot be held', async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'homes/anna'), { recursive: true });
    symlinkSync('homes', join(root, 'link'));
    chmodSync(root, 0o1777);
    expect(await guarded(join(root, 'homes'), `${root}/homes/anna`)).toEqual(PASSED);
    expect(await guarded(join(root, 'link'), `${root}/link/anna`)).toMatchObject([
      { returnValue: 4, reason: `${root}/link is a symbolic link where everybody may write` },
      0,
    ]);
  });

  it.each([
    ['belongs to a customer', (folder: string) => chownSync(folder, 5000, 5000)],
    ['belongs to another user', (folder: string) => chownSync(folder, 1, 0)],
    ['its group can write to', (folder: string) => chmodSync(folder, 0o775)],
    ['everybody can write to', (folder: string) => chmodSync(folder, 0o757)],
    ['everybody can write to, though sticky', (folder: string) => chmodSync(folder, 0o1777)],
    ['is a file', (folder: string) => writeFileSync(join(folder, 'berta'), '')],
  ])('keeps it from a home below a folder that %s, or in such a root', async (_, spoil) => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'a'));
    spoil(join(root, 'a'));
    const layouts = { homeLayout: '*/*/{uid}' };
    expect(await guarded(root, `${root}/a/berta/anna`, layouts)).toMatchObject(REFUSED);
    const inRoot = { homeLayout: '*/{uid}' };
    expect(await guarded(join(root, 'a'), `${root}/a/berta/anna`, inRoot)).toMatchObject(REFUSED);
  });

  it('keeps it from a home that is there and not the account’s own, save an empty one of root', async () => {
    const root = temporaryFolder();
    const home = join(root, 'anna');
    mkdirSync(home);
    expect(await guarded(root, home)).toEqual(PASSED);
    expect(await guarded(root, home, { uidNumber: '' })).toEqual(PASSED);
    mkdirSync(join(home, 'chroot'));
    expect(await guarded(root, home)).toMatchObject(REFUSED);
    expect(await guarded(root, home, { uidNumber: '' })).toMatchObject(REFUSED);
    chownSync(home, 5001, 5000);
    expect(await guarded(root, home)).toMatchObject(REFUSED);
    expect(await guarded(root, home, { uidNumber: '5001' })).toEqual(PASSED);
  });

  it('says of a home that is the chroot itself, and so root’s, how to write it', async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'anna/home/anna'), { recursive: true });
    chownSync(join(root, 'anna/home/anna'), 5000, 5000);
    for (const home of [`${root}/anna`, `${root}/anna/./`]) {
      expect(await guarded(root, home)).toMatchObject([
        { returnValue: 4, reason: expect.stringContaining(`(homeDirectory ${root}/anna/./FOLDER)`) },
        0,
      ]);
    }
    expect(await guarded(root, `${root}/anna/./home/anna`)).toEqual(PASSED);
  });

  it('keeps it from what a uid that is the name of a common folder would lead to', async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'victim/chroot/home/victim'), { recursive: true });
    mkdirSync(join(root, '.deleted/victim.20260101T000000Z.1'), { recursive: true });
    chownSync(join(root, 'victim/chroot/home/victim'), 5001, 5001);
    for (const [uid, home] of [
      ['home', 'victim/chroot/home'],
      ['home', 'victim/chroot/./home'],
      ['home', 'victim/chroot/home/victim'],
      ['home', 'victim/chroot/home/victim/x'],
      ['chroot', 'victim/chroot'],
      ['chroot', 'victim/chroot/home/./chroot'],
      ['lib64', 'victim/chroot/lib64'],
      ['.deleted', '.deleted'],
      ['victim', 'victim'],
    ] as const) {
      expect(await guarded(root, `${root}/${home}`, { uid }), home).toMatchObject(REFUSED);
    }
  });

  it('keeps it from everything while the root is not mounted', async () => {
    const root = join(temporaryFolder(), 'missing');
    const [outcome, runs] = await guarded(root, `${root}/anna`);
    expect(outcome).toMatchObject({ returnValue: 4, reason: expect.stringContaining('mount it') });
    expect(runs).toBe(0);
  });

  it('takes time only where it looks at the disk', () => {
    expect(guardLimit(null)).toBe(0);
    expect(guardLimit('/srv')).toBeGreaterThan(0);
  });

  it('is not passed by a customer who swaps own folders meanwhile', { timeout: RACE_TIMEOUT }, async () => {
    const root = temporaryFolder();
    const home = join(root, 'mallory');
    mkdirSync(join(home, 'a/anna'), { recursive: true });
    symlinkSync(temporaryFolder(), join(home, 'b'));
    chmodSync(root, 0o755);
    for (const folder of ['.', 'a', 'a/anna']) chownSync(join(home, folder), 5000, 5000);
    const racer = await swapFolders(join(home, 'a'), join(home, 'b'));
    const until = performance.now() + raceTime(1_000);
    while (performance.now() < until)
      expect(await guarded(root, `${home}/a/anna`, { homeLayout: '*/*/{uid}' })).toMatchObject(REFUSED);
    expect(await racer.stop()).toBeGreaterThan(100);
  });

  it('leaves no descriptor open', async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'a/b'), { recursive: true });
    symlinkSync('b', join(root, 'a/link'));
    const held = () => readdirSync('/proc/self/fd').length;
    symlinkSync(root, join(root, 'root'));
    await guarded(root, `${root}/anna`);
    const before = held();
    for (const [home, homeLayout] of [
      ['a/b/anna', '*/*/{uid}'],
      ['a/link/anna', '*/*/{uid}'],
      ['a/b', '{uid}'],
      ['a/b/c/d/anna', '*/*/*/*/{uid}'],
    ] as const) {
      for (const at of [root, `${root}/root`, `${root}/missing`]) await guarded(at, `${at}/${home}`, { homeLayout });
    }
    expect(held()).toBe(before);
  });
});
