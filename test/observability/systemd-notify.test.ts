import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createSystemdNotifier, type SystemdNotifier } from '../../src/observability/systemd-notify.ts';
import { listProcesses, type ProcessLine } from '../../src/script/process-table.ts';
import { ServiceManager } from '../support/service-manager.ts';

let manager: ServiceManager;
let notices: string[];
beforeEach(async () => {
  manager = await ServiceManager.start();
  notices = [];
});
afterEach(() => manager.stop());

function notifierWith(environment: NodeJS.ProcessEnv = {}, interpreter?: string): SystemdNotifier {
  const env = { NOTIFY_SOCKET: manager.socket, ...environment };
  const notifier = createSystemdNotifier(env, (reason) => notices.push(reason), interpreter);
  onTestFinished(() => notifier.close());
  return notifier;
}

/** The helper process of this test's notifier. */
async function sender(): Promise<ProcessLine> {
  for (const candidate of (await listProcesses()).filter(
    ({ parent, state }) => parent === process.pid && state !== 'Z',
  )) {
    // The process may have ended.
    const command = await readFile(`/proc/${candidate.pid}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(`\0${manager.socket}\0drop`)) return candidate;
  }
  throw new Error('nobody sends');
}

describe('the notifications of the service manager', () => {
  it('say that the service is ready, how it fares, and that it stops', async () => {
    const notifier = notifierWith();
    notifier.ready();
    notifier.status('refreshed:\n3 open accounts');
    notifier.stopping();
    await manager.hears(/^STOPPING=1$/);
    expect(manager.heard).toEqual(['READY=1', 'STATUS=refreshed: 3 open accounts', 'STOPPING=1']);
  });

  it('say that it reads its configuration again, with the time, in one message', async () => {
    const notifier = notifierWith();
    notifier.status('one\0MAINPID=1');
    notifier.reloading();
    notifier.ready();
    await manager.hears(/^READY=1$/);
    expect(manager.heard).toEqual([
      'STATUS=one MAINPID=1',
      'RELOADING=1',
      expect.stringMatching(/^MONOTONIC_USEC=\d+$/),
      'READY=1',
    ]);
  });

  it('feed the watchdog that is meant for this process', async () => {
    notifierWith({ WATCHDOG_USEC: '20000', WATCHDOG_PID: String(process.pid) });
    await manager.hears(/^WATCHDOG=1$/);
  });

  it('leave a watchdog alone that is meant for another process', async () => {
    const notifier = notifierWith({ WATCHDOG_USEC: '2000', WATCHDOG_PID: String(process.ppid) });
    for (let told = 0; told < 20; told += 1) {
      notifier.status(`${told}`);
      await manager.hears(new RegExp(`^STATUS=${told}$`));
    }
    expect(manager.heard).not.toContain('WATCHDOG=1');
  });

  it.each(['SIGHUP', 'SIGINT', 'SIGTERM'] as const)('go on after a %s to all of the unit', async (signal) => {
    const notifier = notifierWith();
    notifier.ready();
    await manager.hears(/^READY=1$/);
    const { pid } = await sender();
    process.kill(pid, signal);
    notifier.stopping();
    await manager.hears(/^STOPPING=1$/);
    expect((await sender()).pid).toBe(pid);
    expect(notices).toEqual([]);
  });

  it('come from a session of their own, which the signals of a terminal do not reach', async () => {
    const notifier = notifierWith();
    notifier.ready();
    await manager.hears(/^READY=1$/);
    const { pid, group } = await sender();
    expect(group).toBe(pid);
  });

  it('go on after the helper process was killed, and repeat what the manager may have missed', async () => {
    const notifier = notifierWith({ WATCHDOG_USEC: '60000000' });
    notifier.ready();
    notifier.status('refreshed');
    await manager.hears(/^STATUS=refreshed$/);
    manager.heard.length = 0;
    process.kill((await sender()).pid, 'SIGKILL');
    await manager.hears(/^WATCHDOG=1$/);
    expect(manager.heard).toEqual(['READY=1', 'STATUS=refreshed', 'WATCHDOG=1']);
    expect(notices).toEqual([
      'the service manager cannot be notified at the moment: the helper process ended (signal SIGKILL); the service tries again',
    ]);
  });

  it('are tried again with growing pauses, and one word, where the helper process cannot work', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'no-python-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const interpreter = join(folder, 'python3');
    await writeFile(interpreter, `#!/bin/sh\necho >> ${folder}/starts\nexit 3\n`);
    await chmod(interpreter, 0o755);
    const began = performance.now();
    const notifier = notifierWith({}, interpreter);
    const starts = async () => (await readFile(join(folder, 'starts'), 'utf8').catch(() => '')).length;
    await expect.poll(starts).toBeGreaterThan(3);
    expect(performance.now() - began).toBeGreaterThan(100 + 200 + 400);
    expect(notices).toHaveLength(1);
    notifier.close();
  });

  it('are missed once where there is no helper program', async () => {
    notifierWith({}, '/nonexistent');
    await expect.poll(() => notices).toHaveLength(1);
    expect(notices[0]).toContain('ENOENT');
  });

  it('are left out where no manager listens', () => {
    const notifier = createSystemdNotifier({}, () => {});
    notifier.ready();
    notifier.close();
    expect(manager.heard).toEqual([]);
  });
});
