import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { listProcesses } from '../../src/script/process-table.ts';
import { startWorld, type World } from './world.ts';

const folder = mkdtempSync(join(tmpdir(), 'launcher-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function script(name: string, body: string): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return file;
}

async function failed(world: World, uid: string): Promise<string> {
  const line = () => world.service.output.split('\n').find((each) => each.includes('failed') && each.includes(uid));
  await expect.poll(line, { timeout: 60_000, interval: 50 }).toBeDefined();
  return line() ?? '';
}

const INNOCENT = 6;

describe('a script that abuses the process which started it', () => {
  it.each(['STOP', 'KILL'])(
    'by SIG%s fails itself, and neither the scripts beside it nor the service',
    async (signal) => {
      const journal = join(folder, `journal-${signal}`);
      writeFileSync(journal, '');
      // The culprit strikes when all have begun; the others end when it has, and all of them can be run again.
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
          /it ran alone there: see whether the script ends or stops its parent/,
        );
        const runs = readFileSync(journal, 'utf8').trim().split('\n');
        for (const uid of innocent) expect(runs.filter((run) => run.startsWith(uid))).toEqual([`${uid} 0`, `${uid} 1`]);
        expect(runs.filter((run) => run.startsWith(culprit))).toHaveLength(3);
        expect([world.service.pid, world.service.running]).toEqual([pid, true]);
        // However many launchers have died, the next script is no child of the service.
        const later = await world.account();
        await world.ask(later, 'add');
        await expect.poll(() => readFileSync(journal, 'utf8'), { timeout: 20_000 }).toContain(`${later} 0`);
        const children = (await listProcesses()).filter(({ parent }) => parent === world.service.pid);
        const commands = children.map(({ pid: child }) => readFileSync(`/proc/${child}/cmdline`, 'latin1'));
        expect(commands.filter((command) => command.includes('abuse'))).toEqual([]);
      } finally {
        await world.stop();
      }
    },
  );
});

describe('a service that may not open many files', () => {
  it('says so with the remedy, keeps its accounts, and works on them when it may', async () => {
    const world = await startWorld({
      settings: { retry: { temporary: { initial: '100ms', max: '500ms', attempts: 1000 } } },
    });
    try {
      await world.connected();
      const limit = async (files: number) => {
        const { pid = 0 } = world.service;
        const children = (await listProcesses()).filter(({ parent }) => parent === pid).map((child) => child.pid);
        for (const each of [pid, ...children]) execFileSync('prlimit', ['--pid', String(each), `--nofile=${files}:`]);
      };
      await limit(40);
      const uid = await world.account();
      await world.ask(uid, 'add');
      await expect.poll(() => world.service.output, { timeout: 20_000 }).toMatch(/EMFILE.*LimitNOFILE/);
      expect(world.service.output).not.toMatch(/EBADF/);
      await limit(1024);
      await world.finished(uid, 'add');
    } finally {
      await world.stop();
    }
  });
});
