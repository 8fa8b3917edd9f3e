import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  inspectHomeRoot,
  inspectQuota,
  inspectRsnapshot,
  inspectUserCheck,
} from '../../../handlers/steps/inspect-steps.ts';
import { temporaryFolder } from './job.ts';

const never = new AbortController().signal;

function options(directory: string) {
  return {
    directory,
    template: null,
    snapshotRoot: '{parent}/.snapshots/{uid}',
    owner: 'root',
    group: null,
    mode: 0o640,
    checkCommand: ['rsnapshot', '-c', '{file}', 'configtest'],
    homeRoot: null,
    timeoutMilliseconds: 30_000,
  };
}

describe('the look at what the steps need', () => {
  it('finds nothing where all is there', async () => {
    const folder = temporaryFolder();
    expect(inspectUserCheck()).toEqual([]);
    expect(inspectQuota({ command: ['setquota'], clearCommand: ['setquota'] })).toEqual([]);
    expect(await inspectRsnapshot(options(folder), never)).toEqual([]);
  });

  it('names the quota commands that cannot be started', () => {
    const findings = inspectQuota({ command: ['/nonexistent/zfs'], clearCommand: ['no-such-program'] });
    expect(findings.map(({ key, remedy }) => [key, remedy])).toEqual([
      ['quota.command', 'install /nonexistent/zfs, or correct quota.command'],
      ['quota.clearCommand', 'install no-such-program, or correct quota.clearCommand'],
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
    const findings = await inspectRsnapshot(faulty, never);
    expect(findings.map(({ key }) => key)).toEqual([
      'rsnapshot.directory',
      'rsnapshot.template',
      'rsnapshot.owner',
      'rsnapshot.group',
      'rsnapshot.checkCommand',
    ]);
    expect(findings[0]?.remedy).toBe(`mkdir -p ${join(folder, 'missing')}`);
    expect(findings[1]?.message).toContain('{nonsense}');
  });

  it('tries the check command on a configuration made from the template', async () => {
    const folder = temporaryFolder();
    const template = join(folder, 'template');
    writeFileSync(template, 'config_version\t1.2\nnonsense {uid}\n');
    const [finding, ...others] = await inspectRsnapshot({ ...options(folder), template }, never);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ key: 'rsnapshot.template', remedy: expect.stringContaining(template) });
    expect(finding?.message).toMatch(
      /refused: rsnapshot ended with exit code 1: ERROR: .* on line 2: ERROR: nonsense sample/,
    );
    const example = resolve(import.meta.dirname, '../../../config/examples/rsnapshot.template');
    const good = { ...options(folder), template: example, snapshotRoot: '/nonexistent/{uid}' };
    expect(await inspectRsnapshot(good, never)).toEqual([]);
  });

  it('names a root for the homes that others could swap or fill', async () => {
    const folder = temporaryFolder();
    const root = join(folder, 'a/homes');
    mkdirSync(root, { recursive: true });
    expect(await inspectHomeRoot(root)).toEqual([]);
    chmodSync(root, 0o775);
    chownSync(join(folder, 'a'), 5000, 5000);
    expect((await inspectHomeRoot(root)).map(({ message }) => message)).toEqual([
      `${root} can be written to by others than its owner (mode 0775): take that right from them`,
      `${join(folder, 'a')} belongs to the user number 5000: let it be root's, as all folders above a home`,
    ]);
    writeFileSync(join(folder, 'file'), '');
    for (const path of ['file', 'missing']) {
      const [finding] = await inspectHomeRoot(join(folder, path));
      expect(finding?.message).toBe(`${join(folder, path)} is no folder`);
    }
  });

  it('names a folder that others may write to, and a pattern that does not exist', async () => {
    const folder = join(temporaryFolder(), 'rsnapshot.d');
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    const findings = await inspectRsnapshot({ ...options(folder), snapshotRoot: '/srv/{user}' }, never);
    expect(findings.map(({ key }) => key)).toEqual(['rsnapshot.directory', 'rsnapshot.snapshotRoot']);
  });
});
