import { chmodSync, chownSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspectHomeRoot } from '../../../handlers/steps/inspect-home-root.ts';
import { quota } from '../../../handlers/steps/quota.ts';
import { rsnapshot } from '../../../handlers/steps/rsnapshot.ts';
import { userCheck } from '../../../handlers/steps/user-check.ts';
import type { CheckLine } from '../../../src/domain/check-line.ts';
import { MEANS, stepOf, temporaryFolder } from './job.ts';

const look = { ...MEANS, signal: new AbortController().signal };

function inspectQuota(written: object) {
  return stepOf(quota, { enabled: true, ...written }).inspect(look);
}

function inspectRsnapshot(written: object) {
  return stepOf(rsnapshot, written).inspect(look);
}

/** The settings that the lines are about. */
function keysOf(lines: readonly CheckLine[]): string[] {
  return lines.map(({ found }) => found.split(':', 1).join());
}

function options(directory: string) {
  return {
    enabled: true,
    directory,
    template: null,
    snapshotRoot: '{parent}/.snapshots/{uid}',
    owner: 'root',
    group: null,
    mode: '0640',
    checkCommand: ['rsnapshot', '-c', '{file}', 'configtest'],
    timeout: '30s',
  };
}

describe('the look at what the steps need', () => {
  it('finds nothing where all is there', async () => {
    const folder = temporaryFolder();
    expect(await stepOf(userCheck, { enabled: true }).inspect(look)).toEqual([
      { verdict: 'ok', what: 'user check', found: 'getent exists' },
    ]);
    expect(await inspectQuota({})).toEqual([{ verdict: 'ok', what: 'quota', found: 'setquota exists' }]);
    expect(await inspectRsnapshot(options(folder))).toEqual([
      { verdict: 'ok', what: 'rsnapshot', found: `${folder} can be written to` },
    ]);
  });

  it('names the quota commands that cannot be started', async () => {
    const findings = await inspectQuota({ command: ['/nonexistent/zfs'], clearCommand: ['no-such-program'] });
    expect(findings.map(({ found, remedy }) => [found, remedy])).toEqual([
      [
        'quota.command: /nonexistent/zfs cannot be started (ENOENT)',
        'install /nonexistent/zfs, or correct quota.command',
      ],
      [
        'quota.clearCommand: no-such-program cannot be started (ENOENT)',
        'install no-such-program, or correct quota.clearCommand',
      ],
    ]);
  });

  it('names everything that rsnapshot’s files lack, at once', async () => {
    const folder = temporaryFolder();
    const template = join(folder, 'template');
    writeFileSync(template, '{uid} {nonsense}');
    const faulty = {
      ...options(join(folder, 'missing')),
      template,
      owner: 'no-such-user',
      group: 'no-such-group',
      checkCommand: ['/nonexistent/rsnapshot'],
    };
    const findings = await inspectRsnapshot(faulty);
    expect(keysOf(findings)).toEqual([
      'rsnapshot.directory',
      'rsnapshot.template',
      'rsnapshot.owner',
      'rsnapshot.group',
      'rsnapshot.checkCommand',
    ]);
    expect(findings[0]?.remedy).toBe(`mkdir -p ${join(folder, 'missing')}`);
    expect(findings[1]?.found).toContain('{nonsense}');
  });

  it('tries the check command on a configuration made from the template', async () => {
    const folder = temporaryFolder();
    const template = join(folder, 'template');
    writeFileSync(template, 'config_version\t1.2\nnonsense {uid}\n');
    const [finding, ...others] = await inspectRsnapshot({ ...options(folder), template });
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      verdict: 'fail',
      found: expect.stringMatching(/^rsnapshot\.template: /),
      remedy: expect.stringContaining(template),
    });
    expect(finding?.found).toMatch(
      /refused: rsnapshot ended with exit code 1: ERROR: .* on line 2: ERROR: nonsense sample/,
    );
    const example = resolve(import.meta.dirname, '../../../config/examples/rsnapshot.template');
    const good = { ...options(folder), template: example, snapshotRoot: '/nonexistent/{uid}' };
    expect(await inspectRsnapshot(good)).toMatchObject([{ verdict: 'ok' }]);
  });

  it('names a root for the homes that others could swap or fill', async () => {
    const folder = temporaryFolder();
    const root = join(folder, 'a/homes');
    mkdirSync(root, { recursive: true });
    expect(await inspectHomeRoot(root)).toEqual([
      { verdict: 'ok', what: 'home check', found: `${root} exists, and only root can change it` },
    ]);
    chmodSync(root, 0o775);
    chownSync(join(folder, 'a'), 5000, 5000);
    expect((await inspectHomeRoot(root)).map(({ found }) => found)).toEqual([
      `${join(folder, 'a')} belongs to the user number 5000: give it to root`,
      `${root} can be written to by others than its owner (mode 0775): remove that permission`,
    ]);
    writeFileSync(join(folder, 'file'), '');
    for (const path of ['file', 'missing']) {
      const [finding] = await inspectHomeRoot(join(folder, path));
      expect(finding?.found).toBe(`${join(folder, path)} is not a folder`);
    }
  });

  it('names a link and a folder of others on the way to the root, however good what it leads to now is', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'hers'));
    mkdirSync(join(folder, 'homes'));
    symlinkSync(join(folder, 'homes'), join(folder, 'hers/link'));
    const link = join(folder, 'hers/link');
    expect(await inspectHomeRoot(link)).toMatchObject([{ verdict: 'ok' }]);
    for (const path of [join(folder, 'hers'), link]) lchownSync(path, 5000, 5000);
    expect(await inspectHomeRoot(`${link}/`)).toEqual([
      {
        verdict: 'fail',
        what: 'home check',
        found: `${folder}/hers belongs to the user number 5000: give it to root`,
        remedy: `chown root ${folder}/hers; chmod go-w ${folder}/hers`,
      },
      {
        verdict: 'fail',
        what: 'home check',
        found: `${link} is a symbolic link of the user number 5000: give it to root`,
        remedy: `chown -h root ${link}`,
      },
    ]);
    symlinkSync('loop', join(folder, 'loop'));
    expect((await inspectHomeRoot(join(folder, 'loop')))[0]?.found).toContain('more than 40 symbolic links');
  });

  it('names who else could put a configuration where root has rsnapshot run it', async () => {
    const folder = temporaryFolder();
    const directory = join(folder, 'hers/rsnapshot.d');
    mkdirSync(directory, { recursive: true });
    const found = async (written: object = options(directory)) =>
      (await inspectRsnapshot(written)).map(({ verdict, found: words, remedy }) => [verdict, words, remedy]);
    expect(await found()).toMatchObject([['ok', `${directory} can be written to`, undefined]]);
    chownSync(directory, 65534, 0);
    chmodSync(join(folder, 'hers'), 0o775);
    const hers = ['fail', expect.stringContaining('hers can be written to by others'), expect.anything()];
    expect(await found()).toEqual([
      hers,
      [
        'fail',
        `rsnapshot.directory: ${directory} belongs to the user number 65534: give it to root`,
        `chown root ${directory}; chmod go-w ${directory}`,
      ],
    ]);
    // The user of the files may own their folder.
    expect(await found({ ...options(directory), owner: 'nobody' })).toEqual([hers]);
    chmodSync(directory, 0o775);
    expect(await found({ ...options(directory), owner: 'nobody' })).toHaveLength(2);
  });

  it('names a folder that others may write to, and a pattern that does not exist', async () => {
    const folder = join(temporaryFolder(), 'rsnapshot.d');
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    const findings = await inspectRsnapshot({ ...options(folder), snapshotRoot: '/srv/{user}' });
    expect(keysOf(findings)).toEqual(['rsnapshot.directory', 'rsnapshot.snapshotRoot']);
  });
});
