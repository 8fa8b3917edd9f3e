import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { accountDn } from '../support/accounts.ts';
import { attempt, type CommandResult } from '../support/children.ts';
import { MAIN } from '../support/main.ts';
import { type RunningService, setUpService } from '../support/running-service.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';
import { text } from '../support/test-directory.ts';

const ASKED = { sstProvisioningMode: 'add', sstProvisioningState: '0' };

/** Uids with an f fail, uids with a t succeed at the second attempt, uids with an s take long. */
const SCRIPT = [
  'echo "a secret: hunter2"',
  'case "$2" in',
  '  f*) exit 6 ;;',
  '  t*) [ -e "$FOLDER/$2" ] || { : > "$FOLDER/$2"; exit 75; } ;;',
  '  s*) while [ ! -e "$FOLDER/go" ]; do sleep 0.02; done ;;',
  'esac',
].join('\n');

let slapd: Slapd;
let service: RunningService;
let record: string;

beforeAll(async () => {
  slapd = await startSlapd();
});
afterAll(() => slapd.stop());
afterEach(async () => {
  await service.remove();
  await rm(record, { force: true });
  for (const entry of await slapd.search(undefined, '(uid=*)')) await slapd.delete(entry.dn);
});

async function setUp(...flags: string[]): Promise<void> {
  record = join(slapd.folder, 'night.jsonl');
  const settings = {
    retry: { temporary: { attempts: 5, initial: '50ms', max: '1s' } },
    reconcile: { interval: '1s' },
  };
  service = await setUpService({ url: slapd.url, script: SCRIPT, settings, flags: ['--record', record, ...flags] });
}

const replay = (...args: string[]): Promise<CommandResult> =>
  attempt(process.execPath, [MAIN, 'replay', record, ...args], { env: { PATH: process.env['PATH'], TZ: 'UTC' } });
const entrySays = (name: string, value: string) => (entry: Parameters<typeof text>[0] | undefined) =>
  entry !== undefined && text(entry, name) === value;

/** Chooses numbers below n. The same seed gives the same numbers (Park and Miller). */
function choices(seed: number): (n: number) => number {
  let state = (seed % 2_147_483_646) + 1;
  return (n) => {
    state = (state * 48_271) % 2_147_483_647;
    return Math.floor((state / 2_147_483_647) * n);
  };
}

describe('a recorded night', () => {
  it('gives the same decisions again, without the directory and without scripts', async () => {
    await setUp();
    await slapd.addAccount('before', ASKED);
    await slapd.addAccount('broken', { ...ASKED, sstProvisioningDate: '20261399' });
    await slapd.addAccount('failed', { ...ASKED, sstProvisioningMode: 'adding', sstProvisioningReturnValue: '5' });
    await service.start();
    await slapd.waitForMode('before', 'added');
    for (let n = 0; n < 50; n++) await slapd.addAccount(`n${n}`, ASKED);
    await slapd.addAccount('f1', ASKED);
    await slapd.addAccount('t1', ASKED);
    await slapd.addAccount('later', { ...ASKED, sstProvisioningDate: '20990101' });
    await slapd.addAccount('del', { ...ASKED, sstProvisioningMode: 'delete' });
    await slapd.waitForMode('t1', 'added');
    await slapd.waitFor('f1', entrySays('sstProvisioningReturnValue', '6'));
    await slapd.request('del', 'delete', { sstIsActive: 'FALSE' });
    await slapd.waitForMode('del', 'deleted');

    // A newer request while the script runs, and an account that is removed while it is in work.
    await slapd.addAccount('s1', ASKED);
    await slapd.addAccount('s2', ASKED);
    await service.outputMatches(/claimed +s1/);
    await service.outputMatches(/claimed +s2/);
    await slapd.request('s1', 'modify');
    await slapd.delete((await slapd.read('s2'))?.dn ?? '');
    await writeFile(join(service.folder, 'go'), '');
    await slapd.waitForMode('s1', 'modified');
    await service.outputMatches(/superseded +s2/);

    // The directory is restarted, then the service.
    await slapd.restart();
    await service.outputMatches(/disconnected[\s\S]*refreshed/);
    await slapd.request('n1', 'modify');
    await slapd.waitForMode('n1', 'modified');
    expect(await service.stop()).toBe(0);
    await service.start();
    await slapd.request('n2', 'modify');
    await slapd.waitForMode('n2', 'modified');
    await service.outputMatches(/finished +n2/);
    expect(await service.stop()).toBe(0);
    await slapd.halt();

    const { code, stdout, stderr } = await replay();
    await slapd.start();
    expect(stderr).toMatch(/^-- \d+ decisions, all as recorded$/m);
    expect(code).toBe(0);
    expect(stdout).toMatch(/superseded +s1 /);
    expect(stdout).toMatch(/deferred +later .*2099-01-01/);
    expect(stdout).toMatch(/failed +f1 .*CANNOT_SET_QUOTA/);
    expect(stdout).toMatch(/retrying +t1 /);
    expect(stdout).toMatch(/finished +n2 /);
  });

  it('gives them again after a night of writers who change their minds, and a service that was killed', async () => {
    await setUp();
    await service.start();
    await writeFile(join(service.folder, 'go'), '');
    const seed = Math.floor(Math.random() * 2 ** 31);
    const choose = choices(seed);
    const uids = Array.from({ length: 40 }, (_, n) => `${'fts'[n % 5] ?? 'n'}${n}`);
    for (const uid of uids) await slapd.addAccount(uid, ASKED);
    for (let n = 0; n < 400; n++) {
      const uid = uids[choose(uids.length)] ?? '';
      const mode = ['add', 'modify', 'delete'][choose(3)] ?? 'add';
      const date = choose(20) === 0 ? '20990101' : '0';
      const extra = { sstIsActive: choose(3) === 0 ? 'TRUE' : 'FALSE', sstProvisioningDate: date };
      if ((await slapd.read(uid)) === undefined) await slapd.addAccount(uid, ASKED);
      await slapd.request(uid, mode, extra);
      if (choose(60) === 0) await slapd.delete(accountDn(uid));
      if (n === 200) {
        await service.stop('SIGKILL');
        await service.start();
      }
    }
    await slapd.addAccount('last', ASKED);
    await slapd.waitForMode('last', 'added');
    await service.stop();
    const { code, stderr } = await replay();
    expect(stderr, `seed ${seed}`).toMatch(/^-- \d+ decisions, all as recorded$/m);
    expect(code).toBe(0);
  });

  it('is for its owner only, and holds no password and no output of a script', async () => {
    await setUp();
    await service.start();
    await slapd.addAccount('1', { ...ASKED, userPassword: 'hunter3' });
    await slapd.waitForMode('1', 'added');
    await service.stop();
    const kept = await readFile(record, 'utf8');
    expect(kept).toContain('"uid":"1"');
    expect(kept).not.toMatch(/hunter|service-secret|userPassword|sstQuota/);
    expect((await stat(record)).mode & 0o777).toBe(0o600);
  });

  it('goes on in a new file after SIGHUP, which can be replayed by itself', async () => {
    await setUp();
    await service.start();
    await slapd.addAccount('1', ASKED);
    await slapd.waitForMode('1', 'added');
    await service.outputMatches(/finished +1 /);
    await rename(record, `${record}.1`);
    service.signal('SIGHUP');
    while ((await stat(record).catch(() => undefined)) === undefined)
      await new Promise((resolve) => setTimeout(resolve, 5));
    await slapd.addAccount('2', ASKED);
    await service.outputMatches(/finished +2 /);
    await service.stop();
    await rm(`${record}.1`);
    const { code, stdout } = await replay('--json', '--uid', '2');
    expect(code).toBe(0);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map(({ event, uid }) => `${event} ${uid}`)).toEqual(['queued 2', 'claimed 2', 'finished 2']);
  });

  it('of a dry run is replayed as one', async () => {
    await setUp('--dry-run');
    await slapd.addAccount('1', ASKED);
    await service.start();
    await slapd.addAccount('2', ASKED);
    await service.outputMatches(/skipped +2 .*dry run/);
    await service.stop();
    expect(await replay()).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/skipped +2 .*dry run: would claim/),
    });
  });

  it('leaves out a last line that was cut off, and names another that is none', async () => {
    await setUp();
    await service.start();
    await slapd.addAccount('1', ASKED);
    await service.outputMatches(/finished +1 /);
    await service.stop('SIGKILL');
    const kept = await readFile(record, 'utf8');
    await writeFile(record, kept.slice(0, -10));
    expect((await replay()).stdout).toMatch(/claimed +1 /);
    await writeFile(record, `${kept.split('\n')[0]}\n{"time":"now"}\n`);
    expect(await replay()).toMatchObject({ code: 2, stderr: expect.stringContaining('line 2') });
    await writeFile(record, 'root:x:0:0\n');
    expect(await replay()).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/line 1: this is not a line of a recording/),
    });
    await writeFile(record, '');
    expect((await replay()).code).toBe(2);
  });
});
