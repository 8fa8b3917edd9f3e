import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspectQuota, inspectRsnapshot, inspectUserCheck } from '../../../handlers/steps/inspect-steps.ts';
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
    timeoutMilliseconds: 1_000,
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

  it('names a folder that others may write to, and a pattern that does not exist', async () => {
    const folder = join(temporaryFolder(), 'rsnapshot.d');
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    const findings = await inspectRsnapshot({ ...options(folder), snapshotRoot: '/srv/{user}' }, never);
    expect(findings.map(({ key }) => key)).toEqual(['rsnapshot.directory', 'rsnapshot.snapshotRoot']);
  });
});
