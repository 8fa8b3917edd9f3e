import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkOwnFolder, makeOwnFolder, ownFolder } from '../../src/host/own-folder.ts';

let parent: string;
let folder: string;
beforeEach(() => {
  parent = join(mkdtempSync(join(tmpdir(), 'own-folder-')), 'service');
  folder = join(parent, 'locks');
});
afterEach(() => rmSync(dirname(parent), { recursive: true, force: true }));

const modeOf = (path: string) => (lstatSync(path).mode & 0o777).toString(8);

const uid = process.getuid?.() ?? 0;

describe('the place of a folder of the service', () => {
  const nobody = 4_000_000_000;

  it('is where the systemd unit has its own, for root and for the user of the unit', async () => {
    expect(await ownFolder('locks', { uid: 0, home: '/root' })).toBe('/run/prov-backup-rsnapshot/locks');
    mkdirSync(parent, { recursive: true });
    expect(await ownFolder('locks', { uid, home: '/' }, parent)).toBe(folder);
  });

  it('is in the home of anybody else, and in /tmp for who has none', async () => {
    mkdirSync(parent, { recursive: true });
    if (uid === 0) chownSync(parent, 65_534, 65_534);
    const owner = lstatSync(parent).uid;
    const below = join(parent, '.local/state/prov-backup-rsnapshot/locks');
    expect(await ownFolder('locks', { uid: owner, home: parent }, '/nowhere')).toBe(below);
    for (const home of [{}, { home: '/nonexistent' }, { home: parent }]) {
      const inTmp = `/tmp/prov-backup-rsnapshot-${nobody}/locks`;
      expect(await ownFolder('locks', { uid: nobody, ...home }, '/run')).toBe(inTmp);
    }
  });
});

describe('a folder of the service alone', () => {
  it('is created if it is missing, for its owner alone', async () => {
    await makeOwnFolder(folder);
    expect(modeOf(folder)).toBe('700');
    expect(modeOf(parent)).toBe('750');
  });

  it('is used where it is there, whatever others may read', async () => {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    await makeOwnFolder(folder);
    expect(modeOf(folder)).toBe('755');
  });

  const refused = async (message: RegExp, remedy: string): Promise<void> => {
    const fault = { message: expect.stringMatching(message), remedy: expect.stringContaining(remedy) };
    await expect(checkOwnFolder(folder)).rejects.toMatchObject(fault);
    await expect(makeOwnFolder(folder)).rejects.toMatchObject(fault);
  };

  it.each([
    ['the folder', () => folder],
    ['the one that it is in', () => parent],
  ])('is refused where %s can be written to by others', async (_, which) => {
    mkdirSync(folder, { recursive: true });
    for (const mode of [0o770, 0o702]) {
      chmodSync(which(), mode);
      await refused(/can be written to by others/, `chmod go-w ${which()}`);
    }
  });

  it('is refused where it leads elsewhere or nowhere, or is no folder', async () => {
    mkdirSync(join(parent, 'other'), { recursive: true });
    for (const target of ['other', 'nowhere']) {
      symlinkSync(target, folder);
      await refused(/is a symbolic link/, 'remove it while no service runs');
      rmSync(folder);
    }
    writeFileSync(folder, '');
    await refused(/is not a folder/, 'remove it while no service runs');
  });

  it("is refused where it is somebody else's", async () => {
    if (uid === 0) {
      mkdirSync(folder, { recursive: true });
      chownSync(folder, 65_534, 65_534);
    } else folder = '/usr/lib';
    await refused(/belongs to the user \d+, and the service runs as \d+/, 'run it as that user');
  });

  it('is refused with what to do where it cannot be made', async () => {
    writeFileSync(parent, '');
    folder = join(parent, 'service', 'locks');
    await refused(/cannot be created .*ENOTDIR/, 'give the user of the service the right to write there');
  });

  it('is fine where it is missing, or as it should be, and not made by looking', async () => {
    await checkOwnFolder(folder);
    expect(existsSync(parent)).toBe(false);
    await makeOwnFolder(folder);
    await checkOwnFolder(folder);
  });
});
