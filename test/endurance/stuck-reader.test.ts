import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exited, track } from '../support/children.ts';
import { MAIN } from '../support/main.ts';
import { testSettings, withSettings, writeSettings } from '../support/service-process.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';
import { memoryOf } from './memory.ts';
import { SCALE } from './scale.ts';

/**
 * Each account prints 2,000 lines of 200 characters. 30 accounts exceed the limit of the output
 * three times.
 */
const TALKATIVE = ['/bin/sh', '-c', `yes "$(printf 'x%.0s' $(seq 200))" | head -n 2000`];
const ACCOUNTS = 30 * SCALE;
/**
 * Measured: 200 MiB after 30 accounts, 300 MiB after 100 and after 300, most of it V8's space for
 * short-lived objects.
 */
const MOST_MEBIBYTES = 400;

let folder: string;
let slapd: Slapd;
let service: ChildProcess;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stuck-'));
  slapd = await startSlapd();
});
afterEach(async () => {
  service.kill('SIGKILL');
  await exited(service);
  await slapd.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Starts the service with a pipe as its output that no process reads. */
async function start(args: readonly string[], operator: string | null): Promise<void> {
  const settings = withSettings(testSettings(slapd.url, TALKATIVE), { operator: { listen: operator } });
  const config = await writeSettings(folder, settings);
  service = track(spawn(process.execPath, [MAIN, 'run', '-c', config, ...args], { stdio: ['ignore', 'pipe', 'pipe'] }));
}

async function workThrough(): Promise<void> {
  const uids = Array.from({ length: ACCOUNTS }, (_, index) => String(3_000_000 + index));
  for (const uid of uids) {
    await slapd.addAccount(uid, { sstProvisioningMode: 'add', sstProvisioningState: '0' });
  }
  for (const uid of uids) await slapd.waitForMode(uid, 'added', { timeout: 40_000 * SCALE });
}

describe('a pipe that nobody reads', { timeout: 90_000 * SCALE }, () => {
  it('behind the log stalls no account, fills no memory, and does not keep the service from its end', async () => {
    await start([], `unix:${join(folder, 'operator.sock')}`);
    await workThrough();
    expect(memoryOf(service.pid).peak).toBeLessThan(MOST_MEBIBYTES);
    service.kill('SIGTERM');
    await exited(service);
    expect(service.exitCode).toBe(0);
  });

  it('behind the debug output says what is missing, and goes on, once somebody reads again', async () => {
    await start(['--debug'], null);
    await workThrough();
    expect(memoryOf(service.pid).peak).toBeLessThan(MOST_MEBIBYTES);
    let text = '';
    service.stdout?.setEncoding('utf8').on('data', (said: string) => {
      text += said;
    });
    await expect
      .poll(() => text, { timeout: 10_000 })
      .toMatch(/\.\.\. \d+ lines are missing here: the reader was too slow/);
    await slapd.request('3000000', 'modify');
    await slapd.waitForMode('3000000', 'modified');
    await expect.poll(() => text, { timeout: 10_000 }).toMatch(/finished.*3000000.*modified|modified.*3000000/);
  });
});
