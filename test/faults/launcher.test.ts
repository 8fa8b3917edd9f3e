import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { listProcesses } from '../../src/script/process-table.ts';
import { ServiceProcess } from '../support/service-process.ts';
import { startWorld, type World } from './world.ts';

const folder = mkdtempSync(join(tmpdir(), 'launcher-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function script(name: string, body: string): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return file;
}

async function failed(world: World, uid: string): Promise<string> {
  const isOutcome = new RegExp(`failed +${uid} `);
  const line = () => world.service.output.split('\n').find((each) => isOutcome.test(each));
  await expect.poll(line, { timeout: 60_000, interval: 50 }).toBeDefined();
  return line() ?? '';
}

const INNOCENT = 6;

describe('a script that abuses the process which started it', () => {
  it.each(['STOP', 'KILL'])('by SIG%s fails itself, and neither the other scripts nor the service', async (signal) => {
    const journal = join(folder, `journal-${signal}`);
    writeFileSync(journal, '');
    // The culprit kills the launcher when all scripts have begun. The others end when it has, and
    // can all run again.
    const file = script(
      `abuse-${signal}`,
      `echo "$2 $PROV_RESUMED" >>${journal}
[ "$PROV_RESUMED" = 1 ] || until [ $(wc -l <${journal}) -gt ${INNOCENT} ]; do sleep 0.02; done
if [ -e ${folder}/culprit-$2 ]; then kill -${signal} $PPID; sleep 60; fi
[ "$PROV_RESUMED" = 1 ] || sleep 60`,
    );
    const world = await startWorld({ settings: { script: { command: [file] }, concurrency: INNOCENT + 1 } });
    try {
      const uids: string[] = [];
      for (let count = 0; count <= INNOCENT; count += 1) uids.push(await world.account());
      const [culprit = '', ...innocent] = uids;
      writeFileSync(join(folder, `culprit-${culprit}`), '');
      await world.connected();
      const { pid } = world.service;
      await Promise.all(uids.map((uid) => world.ask(uid, 'add')));
      await Promise.all(innocent.map((uid) => world.finished(uid, 'add', 60_000)));
      expect(await failed(world, culprit)).toMatch(
        /it ran alone there: check whether the script ends or stops its parent/,
      );
      const runs = readFileSync(journal, 'utf8').trim().split('\n');
      for (const uid of innocent) expect(runs.filter((run) => run.startsWith(uid))).toEqual([`${uid} 0`, `${uid} 1`]);
      expect(runs.filter((run) => run.startsWith(culprit))).toHaveLength(3);
      expect([world.service.pid, world.service.running]).toEqual([pid, true]);
      // However many launchers have died, the next script must not be a child of the service.
      const later = await world.account();
      await world.ask(later, 'add');
      await expect.poll(() => readFileSync(journal, 'utf8'), { timeout: 20_000 }).toContain(`${later} 0`);
      const children = (await listProcesses()).filter(({ parent }) => parent === world.service.pid);
      const commands = children.map(({ pid: child }) => readFileSync(`/proc/${child}/cmdline`, 'latin1'));
      expect(commands.filter((command) => command.includes('abuse'))).toEqual([]);
    } finally {
      await world.stop();
    }
  });
});

describe('a service that may not open many files', () => {
  /** Limits the open files of the service and of its children. */
  async function limit(service: ServiceProcess, files: number): Promise<void> {
    const { pid = 0 } = service;
    const children = (await listProcesses()).filter(({ parent }) => parent === pid).map((child) => child.pid);
    for (const each of [pid, ...children]) execFileSync('prlimit', ['--pid', String(each), `--nofile=${files}:`]);
  }
  /** Shortages are repeated whatever the other settings are. */
  const retry = { temporary: { initial: '100ms', max: '500ms', attempts: 1 } };

  it('says so with the remedy, keeps its accounts, and works on them when it may', async () => {
    const world = await startWorld({ settings: { retry } });
    try {
      await world.connected();
      const uid = await world.account();
      await world.slapd.addAccount('anna');
      await limit(world.service, 1);
      for (const each of [uid, 'anna']) await world.ask(each, 'add');
      const { service } = world;
      await expect.poll(() => service.output, { timeout: 20_000 }).toMatch(/retrying .*attempt 3.*EMFILE.*LimitNOFILE/);
      await expect.poll(() => service.output, { timeout: 20_000 }).toMatch(/skipped .*anna.*EMFILE.*LimitNOFILE/);
      for (const connection of world.proxy.open) connection.reset();
      await expect.poll(() => service.output, { timeout: 20_000 }).toMatch(/connect(?:ed|ing) .*EMFILE.*LimitNOFILE/);
      expect(service.output).not.toMatch(/EBADF|failed {2}/);
      await limit(service, 1024);
      for (const each of [uid, 'anna']) await world.finished(each, 'add');
    } finally {
      await world.stop();
    }
  });

  it.each([26, 34])('from its start on, %i, does as much as it can, and fails nobody', async (files) => {
    const world = await startWorld({ start: false, settings: { retry } });
    const service = new ServiceProcess(join(world.folder, 'service.yaml'), ['--debug'], {
      through: ['prlimit', `--nofile=${files}:1024`],
    });
    try {
      const uids: string[] = [];
      for (let count = 0; count < 20; count += 1) uids.push(await world.account());
      for (const uid of uids) await world.ask(uid, 'add');
      service.start();
      await expect.poll(() => service.output, { timeout: 20_000 }).toMatch(/step {2}/);
      await limit(service, 1024);
      for (const uid of uids) await world.finished(uid, 'add');
      expect(service.output).not.toMatch(/failed {2}/);
    } finally {
      await service.kill9();
      await world.stop();
    }
  });
});
