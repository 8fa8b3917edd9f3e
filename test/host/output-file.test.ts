import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lookAtOutput, type OutputOptions, openOutput } from '../../src/host/output-file.ts';
import { RACE_TIMEOUT, raceTime } from '../endurance/scale.ts';
import { socket } from '../support/hostile-files.ts';
import { swapFolders } from '../support/swapper.ts';

const CUSTOMER = 5000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'output-'));
  chmodSync(folder, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

function write(path: string, options: Partial<OutputOptions> = {}): void {
  const descriptor = openOutput(path, { how: 'append', mode: 0o640, ...options });
  writeSync(descriptor, 'new\n');
  closeSync(descriptor);
}

describe('a file that is written', () => {
  it('is made with its mode where it is missing, and appended to, or emptied, where it is there', () => {
    write(at('log'));
    expect(lstatSync(at('log')).mode & 0o777).toBe(0o640);
    write(at('log'));
    expect(readFileSync(at('log'), 'utf8')).toBe('new\nnew\n');
    write(at('log'), { how: 'overwrite' });
    expect(readFileSync(at('log'), 'utf8')).toBe('new\n');
    expect(() => write(at('log'), { how: 'new' })).toThrow(/EEXIST.*output-.*log'/);
  });

  it('lies behind links to folders that root has made', () => {
    mkdirSync(at('real/deep'), { recursive: true });
    symlinkSync('real', at('relative'));
    symlinkSync(at('relative/../relative/deep'), at('absolute'));
    write(at('absolute/log'));
    expect(readFileSync(at('real/deep/log'), 'utf8')).toBe('new\n');
    symlinkSync(at('loop'), at('loop'));
    expect(() => write(at('loop/log'))).toThrow('leads through more than 40 symbolic links');
  });

  it('lies behind no link that is where everybody may write, as such a link cannot be held', () => {
    mkdirSync(at('real'));
    symlinkSync('real', at('link'));
    chmodSync(folder, 0o1777);
    write(at('real/log'));
    expect(() => write(at('link/log'))).toThrow(`${at('link')} is a symbolic link where everybody may write`);
  });

  it('is reported by its own name if it cannot be opened', () => {
    writeFileSync(at('file'), '');
    expect(() => write(at('missing/log'))).toThrow(`ENOENT: no such file or directory, open '${at('missing')}'`);
    expect(() => write(at('file/log'))).toThrow(/ENOTDIR.*file'$/);
  });

  it('may be a device that takes what it is given, and no other', () => {
    write('/dev/null');
    expect(() => write('/dev/full')).toThrow(/ENOSPC/);
    expect(() => write('/dev/tty')).toThrow(/it is a device|ENXIO/);
    // As /dev/mem, which there may not be, it has the driver of /dev/null.
    expect(() => write('/dev/random')).toThrow('it is a device');
    expect(() => lookAtOutput('/dev/random')).toThrow('it is a device');
  });

  const HOSTILE: ReadonlyArray<readonly [string, () => void, RegExp]> = [
    ['a named pipe that nobody reads', () => execFileSync('mkfifo', [at('log')]), /it is a named pipe/],
    ['a link to a file', () => symlinkSync(at('victim'), at('log')), /it is a symbolic link/],
    ['a link to what is to be made', () => symlinkSync(at('made'), at('log')), /it is a symbolic link/],
    ['a folder', () => mkdirSync(at('log')), /it is a folder/],
    ['a socket', () => socket(at('log')), /it is a socket/],
  ];
  it.each(HOSTILE)('is not %s, and that is reported at once', (_title, put, named) => {
    writeFileSync(at('victim'), 'old\n');
    put();
    for (const how of ['append', 'overwrite'] as const) {
      expect(() => write(at('log'), { how })).toThrow(named);
      expect(() => write(at('log'), { how, judged: false })).toThrow(named);
    }
    expect(() => lookAtOutput(at('log'))).toThrow(named);
    expect([readFileSync(at('victim'), 'utf8'), existsSync(at('made'))]).toEqual(['old\n', false]);
  });

  const MISPLACED: ReadonlyArray<readonly [string, () => void, RegExp]> = [
    [
      'that is a customer’s',
      () => chownSync(at('a'), CUSTOMER, CUSTOMER),
      /folder .*\/a belongs to the user number 5000/,
    ],
    ['that everybody can write to', () => chmodSync(at('a/b'), 0o777), /everybody can write to the folder .*\/a\/b/],
    ['behind a link of a customer', () => linkOfCustomer(), /symbolic link .*\/a\/b belongs to the user number 5000/],
    ['where it is a customer’s, and all can write', () => shared(CUSTOMER), /it belongs to the user number 5000/],
    ['where it has another name, and all can write', () => hardLink(), /it has other names \(hard links\)/],
  ];
  it.each(MISPLACED)('is not in a folder %s, as long as root writes it', (_title, spoil, named) => {
    mkdirSync(at('a/b'), { recursive: true });
    spoil();
    expect(() => write(at('a/b/log'))).toThrow(named);
    expect(() => lookAtOutput(at('a/b/log'))).toThrow(named);
  });

  function linkOfCustomer(): void {
    rmSync(at('a/b'), { recursive: true });
    mkdirSync(at('elsewhere'));
    symlinkSync(at('elsewhere'), at('a/b'));
    lchownSync(at('a/b'), CUSTOMER, CUSTOMER);
  }
  function shared(owner: number): void {
    chmodSync(at('a/b'), 0o1777);
    writeFileSync(at('a/b/log'), '');
    chownSync(at('a/b/log'), owner, owner);
  }
  function hardLink(): void {
    shared(0);
    linkSync(at('a/b/log'), at('a/b/other'));
  }

  it('may be in a folder that a group can write to, and in one such as /tmp', () => {
    mkdirSync(at('a/b'), { recursive: true });
    chmodSync(at('a'), 0o775);
    chownSync(at('a'), 0, CUSTOMER);
    shared(0);
    write(at('a/b/log'));
    lookAtOutput(at('a/b/log'));
    lookAtOutput(at('a/b/missing'));
  });

  it('may be where a person says at that moment, regardless of who owns the folder', () => {
    chownSync(folder, CUSTOMER, CUSTOMER);
    write(at('ldif'), { how: 'new', judged: false });
    expect(readFileSync(at('ldif'), 'utf8')).toBe('new\n');
  });

  it.each([
    ['a folder of his own', 'home/a/log', 0o755, CUSTOMER],
    ['a file of his own where all can write', 'home/a', 0o1777, 0],
  ])(
    'is never made elsewhere by a customer who swaps %s for a link meanwhile',
    async (_title, log, mode, owner) => {
      const home = at('home');
      mkdirSync(at('victim'));
      mkdirSync(home);
      if (owner === 0) writeFileSync(join(home, 'a'), '');
      else mkdirSync(join(home, 'a'));
      symlinkSync(at(owner === 0 ? 'victim/log' : 'victim'), join(home, 'b'));
      for (const name of ['a', 'b']) lchownSync(join(home, name), CUSTOMER, CUSTOMER);
      chmodSync(home, mode);
      chownSync(home, owner, owner);
      const racer = await swapFolders(join(home, 'a'), join(home, 'b'));
      let tries = 0;
      for (const end = performance.now() + raceTime(1_000); performance.now() < end; tries += 1) {
        expect(() => openOutput(at(log), { how: 'append', mode: 0o640 })).toThrow();
      }
      expect(await racer.stop()).toBeGreaterThan(0);
      expect(tries).toBeGreaterThan(100);
      expect(existsSync(at('victim/log'))).toBe(false);
    },
    RACE_TIMEOUT,
  );
});
