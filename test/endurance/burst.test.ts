import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BASE, manyAccounts } from '../support/accounts.ts';
import {
  ServiceProcess,
  type SettingsFile,
  testSettings,
  withSettings,
  writeSettings,
} from '../support/service-process.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';
import { memoryOf } from './memory.ts';
import { SCALE } from './scale.ts';

/** With ENDURANCE=10 these are the promised ten thousand. */
const ACCOUNTS = 1_000 * SCALE;
const FIRST = 3_000_000;
const TIMEOUT = 120_000 * SCALE;
/** Measured: 140 MiB after one or two thousand accounts, 172 MiB after ten thousand. */
const MOST_MEBIBYTES = 250;

/**
 * The script fails for uids that end in 00. For those that end in 50 it asks for another attempt,
 * once or always.
 */
const ONCE = `#!/bin/sh
tried=\${0%/*}/tried-$2
case $2 in
  *00) exit 5 ;;
  *50) [ -e "$tried" ] || { : > "$tried"; exit 75; } ;;
esac
`;
const FOR_EVER = `#!/bin/sh
case $2 in
  *00) exit 5 ;;
  *50) exit 75 ;;
esac
`;

let folder: string;
let slapd: Slapd;
let service: ServiceProcess;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'burst-'));
  slapd = await startSlapd({
    preload: manyAccounts(ACCOUNTS, { sstProvisioningMode: 'add', sstProvisioningState: '0' }, FIRST),
  });
});
afterEach(() => service.kill9());
afterAll(async () => {
  await slapd.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(script: string, settings: SettingsFile): Promise<void> {
  await writeFile(join(folder, 'script'), script, { mode: 0o755 });
  const log = { file: join(folder, 'log'), format: 'json', level: 'info' };
  await writeFile(log.file, '');
  const all = withSettings(testSettings(slapd.url, [join(folder, 'script')]), { reconcile: { interval: '10m' }, log });
  service = new ServiceProcess(await writeSettings(folder, withSettings(all, settings)), []);
  service.start();
}

/**
 * Waits until the log has this number of lines with the message. So the directory is not loaded
 * with queries.
 */
async function logged(message: string, times: number): Promise<void> {
  const lines = () => readFileSync(join(folder, 'log'), 'utf8').split(`"message":"${message}"`).length - 1;
  await expect.poll(lines, { timeout: TIMEOUT, interval: 250 }).toBe(times);
}

const count = async (filter: string) => (await slapd.search(BASE, `(&(objectClass=sstProvisioning)${filter})`)).length;
const FAILED = '(sstProvisioningMode=adding)(sstProvisioningState=0)(sstProvisioningReturnValue=5)';

describe(`${ACCOUNTS} open accounts, of which one percent fail and one percent are to be tried again`, () => {
  it('are all handled, in bounded memory', { timeout: TIMEOUT }, async () => {
    await start(ONCE, { retry: { temporary: { attempts: 3, initial: '2s', max: '2s' } } });
    await logged('account finished', ACCOUNTS * 0.99);
    await logged('account failed', ACCOUNTS * 0.01);
    expect(memoryOf(service.pid).peak).toBeLessThan(MOST_MEBIBYTES);
    await logged('account tried again later', ACCOUNTS * 0.01);
    expect(await count('(sstProvisioningMode=added)(!(sstProvisioningState=0))')).toBe(ACCOUNTS * 0.99);
    expect(await count(FAILED)).toBe(ACCOUNTS * 0.01);
    expect(await service.terminate()).toBe(0);
  });

  it('are not kept waiting by those that fail, even one at a time', { timeout: TIMEOUT }, async () => {
    const uids = Array.from({ length: 100 }, (_, index) => String(FIRST + index));
    for (const uid of uids) await slapd.request(uid, 'modify');
    await start(FOR_EVER, { concurrency: 1, retry: { temporary: { attempts: 10, initial: '1h', max: '1h' } } });
    await logged('account finished', 98);
    await logged('account failed', 1);
    await logged('account tried again later', 1);
  });
});
