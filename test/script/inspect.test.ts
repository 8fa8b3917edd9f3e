import { chmodSync, chownSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { inspectScript } from '../../src/script/inspect.ts';
import { scriptFolder } from './contract.ts';

const files = scriptFolder();
afterAll(() => files.remove());

const inspect = (...command: string[]) => inspectScript(command, '/usr/bin:/bin');

describe('inspecting a script', () => {
  it('has nothing to say of a sound script, named by its path or found in PATH', async () => {
    expect(await inspect(files.sh('exit 0'))).toEqual([]);
    expect(await inspect('true')).toEqual([]);
  });

  it.each([
    ['missing', () => `${files.folder}/missing`, /does not exist/],
    ['not in PATH', () => 'no-such-program', /does not exist/],
    ['a folder', () => files.folder, /is not a file/],
    ['not executable', () => files.script('#!/bin/sh\n', 0o644), /not executable/],
    ['without interpreter', () => files.script('echo\n'), /does not begin with "#!"/],
    ['for a missing interpreter', () => files.script('#! /no/such -x\n'), /interpreter "\/no\/such"/],
    ['nameless', () => '', /names no program/],
  ])('reports one that is %s, with a remedy', async (_, command, message) => {
    const [finding, ...more] = await inspect(command());
    expect(finding).toMatchObject({ concerns: 'startable', message: expect.stringMatching(message) });
    expect(finding?.remedy).toMatch(/\w/);
    expect(more).toEqual([]);
  });

  it('reports a relative path', async () => {
    const file = relative(process.cwd(), files.sh('exit 0'));
    expect(await inspect(file)).toEqual([
      expect.objectContaining({ concerns: 'startable', message: expect.stringMatching(/relative path/) }),
    ]);
  });

  it.each([
    [0o775, 'its group'],
    [0o757, 'others'],
    [0o777, 'its group and others'],
  ])('reports a script of mode %o as writable by others', async (mode, who) => {
    const file = files.sh('exit 0');
    chmodSync(file, mode);
    expect(await inspect(file)).toEqual([
      { concerns: 'trustworthy', message: `${file} is writable by ${who}`, remedy: `chmod go-w ${file}` },
    ]);
    expect(await inspect('/bin/sh', file)).toHaveLength(1);
  });

  it('reports a folder on the path, or behind a link, in which others may exchange the script', async () => {
    const open = `${files.folder}/open`;
    mkdirSync(open);
    chmodSync(open, 0o777);
    writeFileSync(`${open}/script`, '#!/bin/sh\n', { mode: 0o755 });
    symlinkSync(`${open}/script`, `${files.folder}/link`);
    for (const named of [`${open}/script`, `${files.folder}/link`]) {
      expect(await inspect(named)).toEqual([expect.objectContaining({ remedy: `chmod go-w ${open}` })]);
    }
    chmodSync(open, 0o1777);
    expect(await inspect(`${open}/script`)).toEqual([]);
  });

  it('reports each folder and each link of a customer’s on the way, also between two links', async () => {
    const [script, hers] = [files.sh('exit 0'), `${files.folder}/hers`];
    mkdirSync(hers);
    symlinkSync(script, `${hers}/link`);
    symlinkSync('hers/link', `${files.folder}/first`);
    symlinkSync('hers', `${files.folder}/folder`);
    const ways = [`${files.folder}/first`, `${files.folder}/folder/link`];
    for (const named of ways) expect(await inspect(named)).toEqual([]);
    chownSync(hers, 5000, 5000);
    for (const named of ways) {
      expect(await inspect(named)).toEqual([expect.objectContaining({ remedy: `chown root ${hers}` })]);
    }
    chownSync(hers, 0, 0);
    lchownSync(`${hers}/link`, 5000, 5000);
    for (const named of ways) {
      expect(await inspect(named)).toEqual([expect.objectContaining({ remedy: `chown -h root ${hers}/link` })]);
    }
    lchownSync(`${hers}/link`, 0, 0);
    chmodSync(hers, 0o1777);
    for (const named of ways) {
      expect(await inspect(named)).toEqual([
        expect.objectContaining({ message: `${hers}/link is a symbolic link where everybody may write` }),
      ]);
    }
  });
});
