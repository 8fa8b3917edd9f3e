import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { attempt } from '../support/children.ts';
import { MAIN } from '../support/main.ts';

const PATH = '/etc/prov-backup-rsnapshot/prov-backup-rsnapshot.yaml';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'default-config-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the program on a host with this configuration, or without one. */
async function on(settings: Readonly<Record<string, unknown>> | undefined, ...args: readonly string[]) {
  const file = join(folder, 'service.yaml');
  const directory = { url: 'ldap://127.0.0.1:9', base: 'dc=example' };
  await writeFile(file, stringify({ directory, script: { command: ['/bin/true'] }, ...settings }));
  const install = settings === undefined ? '' : `mkdir /etc/prov-backup-rsnapshot && cp ${file} ${PATH} &&`;
  const run = `mount -t tmpfs tmpfs /etc && ${install} exec "$@"`;
  return attempt('unshare', ['--mount', 'sh', '-c', run, 'sh', process.execPath, MAIN, ...args], {
    env: { PATH: process.env['PATH'] },
  });
}

describe('the configuration at the default path', () => {
  it('is that of every command without -c', async () => {
    expect(await on({}, 'check')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(`configuration: ${PATH}`),
    });
    const status = await on({ operator: { listen: 'unix:/nowhere' } }, 'status');
    expect(status).toMatchObject({ code: 2, stderr: expect.stringContaining('/nowhere') });
    expect((await on({ concurrency: 0 }, 'verify')).code).toBe(78);
  });

  it('says to tap where the journal is', async () => {
    const journal = join(folder, 'journal');
    const event = '{"time":"2026-11-27T22:43:00.123Z","event":"refreshing"}';
    await mkdir(journal);
    await writeFile(join(journal, 'events-20261127T224300000Z.jsonl'), `${event}\n`);
    const settings = { operator: { listen: 'unix:/nowhere' }, journal: { directory: journal } };
    expect(await on(settings, 'tap', '--since', 'all', '--json')).toMatchObject({ code: 2, stdout: `${event}\n` });
  });

  it('is asked for where there is none', async () => {
    for (const command of ['check', 'status', 'run']) {
      const { code, stderr } = await on(undefined, command);
      expect({ code, stderr }).toEqual({
        code: 64,
        stderr: expect.stringContaining(`${PATH} does not exist: give -c`),
      });
    }
  });

  it('has the program without a command say what there is', async () => {
    const { code, stdout } = await on({ operator: { listen: 'unix:/nowhere' } });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^configuration {2}\/etc\/prov-backup-rsnapshot/m);
    expect(stdout).toMatch(/^service {8}.*\/nowhere/m);
    expect(stdout).toMatch(/^check /m);
    expect((await on({})).stdout).toMatch(/^service {8}unknown: set operator\.listen/m);
    expect((await on({ concurrency: 0 })).code).toBe(78);
  });
});
