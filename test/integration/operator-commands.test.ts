import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ServiceSnapshot } from '../../src/domain/status.ts';
import { attempt, type CommandResult, exited, track } from '../support/children.ts';
import { freePort } from '../support/free-port.ts';
import { MAIN } from '../support/main.ts';
import { type RunningService, setUpService } from '../support/running-service.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';
import { text } from '../support/test-directory.ts';

const ASKED = { sstProvisioningMode: 'add', sstProvisioningState: '0' };
const FAILED = { sstProvisioningMode: 'adding', sstProvisioningState: '0', sstProvisioningReturnValue: '6' };

let slapd: Slapd;
let service: RunningService;
const taps = new Set<ChildProcess>();

beforeAll(async () => {
  slapd = await startSlapd();
});
afterAll(() => slapd.stop());
afterEach(async () => {
  for (const tap of taps) tap.kill('SIGKILL');
  taps.clear();
  await service.remove();
  for (const entry of await slapd.search(undefined, '(uid=*)')) await slapd.delete(entry.dn);
});

async function setUp(settings: Record<string, unknown> = {}): Promise<void> {
  // Uids with an f fail, uids with a w take long.
  const script = 'case "$2" in f*) echo no quota here >&2; exit 6 ;; w*) sleep 60 ;; esac';
  service = await setUpService({ url: slapd.url, script, settings });
}

async function setUpWithOperator(): Promise<void> {
  sockets += 1;
  await setUp({ operator: { listen: `unix:${join(slapd.folder, `operator-${sockets}.sock`)}` } });
}

let sockets = 0;
const run = (...args: string[]): Promise<CommandResult> =>
  attempt(process.execPath, [MAIN, ...args], { env: { PATH: process.env['PATH'], TZ: 'UTC' } });
const withConfig = (command: string, ...args: string[]) => run(command, '-c', service.configFile, ...args);

describe('verify', () => {
  it('says that nothing is owed, and exits 0, when all accounts are settled or another program works on them', async () => {
    await setUp();
    await slapd.addAccount('1');
    await slapd.addAccount('2', { sstProvisioningMode: 'snapshot', sstProvisioningState: '0' });
    expect(await withConfig('verify')).toEqual({ code: 0, stdout: 'Nothing needs to be done.\n', stderr: '' });
  });

  it('names each account that is owed with its kind and age, and exits 1', async () => {
    await setUp();
    await slapd.addAccount('1', ASKED);
    await slapd.addAccount('2', { ...ASKED, sstProvisioningMode: 'Modifying' });
    await slapd.addAccount('3', FAILED);
    await slapd.addAccount('4', { ...ASKED, sstProvisioningDate: '20261399' });
    await slapd.addAccount('5', { ...ASKED, sstProvisioningDate: '20990101' });
    await slapd.addAccount('6', { ...ASKED, sstProvisioningMode: 'delete' });
    await slapd.addAccount('7', { sstProvisioningMode: 'add', sstProvisioningState: '20261399T000000Z' });
    const { code, stdout } = await withConfig('verify');
    expect(code).toBe(1);
    const lines = stdout.trimEnd().split('\n');
    const summary = lines.pop();
    expect(lines.map((line) => line.split(/ {2,}/).slice(0, 2).join(' ')).sort()).toEqual([
      'deferred 5',
      'failed 3',
      'in work 2',
      'not workable 4',
      'not workable 7',
      'open 1',
      'waiting 6',
    ]);
    for (const line of lines) expect(line).toMatch(/ since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC /);
    expect(summary).toMatch(/^\d accounts? .*1 failed.*\. Not due: 1 is deferred, 1 waits\.$/);
    const quiet = await withConfig('verify', '--quiet');
    expect(quiet.code).toBe(1);
    expect(quiet.stdout).not.toMatch(/^(deferred|waiting)/m);
    expect(quiet.stdout).toMatch(/^failed +3 /m);
    const json = (await withConfig('verify', '--json')).stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(json).toHaveLength(7);
    expect(json.find(({ uid }) => uid === '3')).toMatchObject({
      kind: 'failed',
      owed: true,
      returnValue: 6,
      mode: 'adding',
    });
    expect(json.find(({ uid }) => uid === '5')).toMatchObject({ kind: 'deferred', owed: false });
  });

  it('does not take put-off accounts for owed', async () => {
    await setUp();
    await slapd.addAccount('5', { ...ASKED, sstProvisioningDate: '20990101' });
    expect(await withConfig('verify')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/Nothing needs to be done. Not due: 1 is deferred/),
    });
    expect(await withConfig('verify', '--quiet')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('pages through more accounts than the directory gives at once', async () => {
    await setUp();
    for (let n = 0; n < 1_203; n++) await slapd.addAccount(`n${n}`, FAILED);
    const { code, stdout } = await withConfig('verify');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^1203 accounts failed\.$/m);
  });

  it('exits 2, and says what to do, when the directory does not answer', async () => {
    service = await setUpService({ url: 'ldap://127.0.0.1:9', script: '' });
    const { code, stderr } = await withConfig('verify');
    expect(code).toBe(2);
    expect(stderr.trim().split('\n').length).toBeGreaterThan(1);
  });
});

describe('retry', () => {
  it('asks again for a failed account by its requested mode, and says so', async () => {
    await setUp();
    await slapd.addAccount('3', { ...FAILED, sstProvisioningMode: 'deleting', sstIsActive: 'FALSE' });
    const { code, stdout } = await withConfig('retry', '3');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: '3: requested again: deleting with code 6 CANNOT_SET_QUOTA is now delete\n',
    });
    const entry = await slapd.read('3');
    expect(entry && text(entry, 'sstProvisioningMode')).toBe('delete');
    // The return value shows that no attempt is under way. The claim clears it.
    expect(entry && text(entry, 'sstProvisioningReturnValue')).toBe('6');
  });

  it('leaves alone what has not failed, says why for each, and exits 1', async () => {
    await setUp();
    await slapd.addAccount('1');
    await slapd.addAccount('2', { ...ASKED, sstProvisioningMode: 'adding' });
    await slapd.addAccount('3', FAILED);
    const { code, stdout } = await withConfig('retry', '1', '2', '3', 'nobody', '*');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^1: not requested again: it has not failed/m);
    expect(stdout).toMatch(/^2: not requested again: it has not failed/m);
    expect(stdout).toMatch(/^3: requested again/m);
    expect(stdout).toMatch(/^nobody: not requested again: there is no such account/m);
    expect(stdout).toMatch(/^\*: not requested again: there is no such account/m);
    expect(stdout).toMatch(/^1 requested again, 4 not\.$/m);
    const entry = await slapd.read('2');
    expect(entry && text(entry, 'sstProvisioningMode')).toBe('adding');
  });

  it('takes all failed accounts, or those of one code', async () => {
    await setUp();
    await slapd.addAccount('1', FAILED);
    await slapd.addAccount('2', { ...FAILED, sstProvisioningReturnValue: '5' });
    await slapd.addAccount('3', { ...FAILED, sstProvisioningReturnValue: '0' });
    expect((await withConfig('retry', '--failed', '--preview')).stdout.split('\n').sort()).toEqual([
      '',
      '1: would be requested again: adding with code 6 CANNOT_SET_QUOTA',
      '2 would be requested again, 0 not.',
      '2: would be requested again: adding with code 5 CANNOT_CREATE_HOME_DIR',
    ]);
    expect((await withConfig('retry', '--code', '5')).stdout).toMatch(/^2: requested again[^\n]*\n$/);
    expect((await withConfig('retry', '--failed')).stdout).toMatch(/^1: requested again[^\n]*\n$/);
    expect(await withConfig('retry', '--failed')).toMatchObject({ code: 0, stdout: 'No account has failed.\n' });
    expect((await withConfig('retry', '--code', '7')).stdout).toBe('No account has failed with code 7.\n');
  });

  it.each([[[]], [['1', '--failed']], [['--code', '0']], [['--code', 'x']], [['--faled']]])(
    'calls %j wrong usage',
    async (args) => {
      await setUp();
      expect(await withConfig('retry', ...args)).toMatchObject({ code: 64, stdout: '' });
    },
  );
});

describe('explain', () => {
  it.each([
    ['an open account', ASKED, /would claim it and run the handler for add at once/],
    [
      'a future one',
      { ...ASKED, sstProvisioningDate: '20990101' },
      /> date .*2099-01-01.*not due[\s\S]*nothing before 2099-01-01/,
    ],
    [
      'a delete of an active one',
      { ...ASKED, sstProvisioningMode: 'delete' },
      /> active .*TRUE[\s\S]*would wait[\s\S]*FALSE/,
    ],
    ['a failed one', FAILED, /> failure .*CANNOT_SET_QUOTA[\s\S]*would leave it alone[\s\S]*retry/],
    [
      'an interrupted one',
      { ...ASKED, sstProvisioningMode: 'adding' },
      /is working on it, or would resume the interrupted add at once/,
    ],
    ['a settled one', {}, /> state .*2026-01-01[\s\S]*would do nothing/],
    ["another program's", { ...ASKED, sstProvisioningMode: 'snapshot' }, /leaves this entry alone/],
    [
      'one that cannot be worked on',
      { ...ASKED, sstProvisioningDate: '20261399' },
      /cannot work on this entry.*neither 0 nor a day/,
    ],
    [
      'a future delete of an active one',
      { ...ASKED, sstProvisioningMode: 'delete', sstProvisioningDate: '20990101' },
      /nothing before[\s\S]*After that: sstIsActive is TRUE/,
    ],
  ])('says of %s what the service would do, and what decides', async (_title, attributes, expected) => {
    await setUp();
    await slapd.addAccount('1', attributes);
    const { code, stdout } = await withConfig('explain', '1');
    expect(stdout).toMatch(expected);
    expect(stdout).toMatch(/Next: /);
    expect(code).toBe(0);
  });

  it('says so when there is no such account, and when the filter hides it', async () => {
    await setUp();
    expect(await withConfig('explain', 'no)(uid=*')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('There is no entry'),
    });
    await service.remove();
    service = await setUpService({ url: slapd.url, script: '', directory: { filter: '(sstIsActive=FALSE)' } });
    await slapd.addAccount('1', ASKED);
    expect((await withConfig('explain', '1')).stdout).toMatch(/does not see this entry: directory.filter/);
  });
});

describe('a running service, asked', () => {
  it('shows its state, its failures with their story, and exits by its health', async () => {
    await setUpWithOperator();
    expect(await withConfig('status')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is the service running'),
    });
    await service.start();
    await slapd.addAccount('f1', ASKED);
    await slapd.addAccount('w1', ASKED);
    await slapd.addAccount('d1', { ...ASKED, sstProvisioningDate: '20990101' });
    await slapd.waitFor('f1', (entry) => entry !== undefined && text(entry, 'sstProvisioningReturnValue') === '6');
    await service.outputMatches(/claimed .*w1/);
    await service.outputMatches(/deferred .*d1/);
    await service.outputMatches(/failed .*f1/);

    const screen = await withConfig('status');
    expect(screen.code).toBe(0);
    expect(screen.stdout).toMatch(/^connected and up to date, for /);
    expect(screen.stdout).toMatch(/open 3 .*failed 1 .*in work 1 .*deferred 1/);
    expect(screen.stdout).toMatch(/1 x 6 "no quota here" in script, since .*: f1$/m);
    expect(screen.stdout).toMatch(/w1 +adding +.* step script for /);
    expect(screen.stdout).toMatch(/d1 +add +until 2099-01-01/);
    expect((await withConfig('status', '--failed')).stdout).toMatch(/^1 x 6 "no quota here" .*\n {2}f1$/m);
    const json = JSON.parse((await withConfig('status', '--json')).stdout) as ServiceSnapshot;
    expect(json).toMatchObject({ ready: true, counts: { open: 3, failed: 1, inWork: 1, deferred: 1 } });

    expect((await withConfig('explain', 'f1')).stdout).toMatch(
      /The last events according to .*:[\s\S]*output .*no quota here[\s\S]*failed /,
    );
    await slapd.addAccount('a/b', ASKED);
    await service.outputMatches(/skipped .*a\/b/);
    expect((await withConfig('explain', 'a/b')).stdout).toMatch(
      /The last events according to .*:\n.*skipped +uid=a\/b/,
    );
    const tap = await tapUntil(/"event":"failed"/, '--since', 'all', '--uid', 'F1', '--json');
    expect(tap.code).toBe(0);
    const events = tap.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(new Set(events.map(({ uid }) => uid))).toEqual(new Set(['f1']));

    await slapd.halt();
    await service.outputMatches(/disconnected/);
    expect(await withConfig('status')).toMatchObject({ code: 1, stdout: expect.stringMatching(/^NOT CONNECTED/) });
    await slapd.start();
    await service.outputMatches(/disconnected[\s\S]*refreshed/);
    expect((await withConfig('status')).code).toBe(0);
  });

  it('tells what it knows of an account, also while the directory is down, and what was, once', async () => {
    await setUpWithOperator();
    await service.start();
    await slapd.addAccount('f1', ASKED);
    await service.outputMatches(/failed .*f1/);
    const once = await withConfig('tap', '--once', '--event', 'failed');
    const line = /^-- \d{4}-\d\d-\d\d UTC\n[^\n]* failed +f1 [^\n]*\n$/;
    expect(once).toMatchObject({ code: 0, stdout: expect.stringMatching(line) });
    expect(await withConfig('tap', '--since', 'all', '--until', '1h')).toMatchObject({ code: 0, stdout: '' });
    await slapd.halt();
    await service.outputMatches(/disconnected/);
    const story =
      /the account is:\n {2}failed since .*: 6 "no quota here" in script[\s\S]*The last events according to .*:/;
    expect(await withConfig('explain', 'f1')).toMatchObject({
      code: 2,
      stdout: expect.stringMatching(story),
      stderr: expect.stringContaining('connection refused'),
    });
    await slapd.start();
  });

  it('knows after a restart what failed before', async () => {
    await setUpWithOperator();
    await slapd.addAccount('x1', FAILED);
    await service.start();
    const json = JSON.parse((await withConfig('status', '--json')).stdout) as ServiceSnapshot;
    expect(json.counts).toMatchObject({ open: 1, failed: 1 });
    expect(json.failed).toMatchObject([{ uid: 'x1', returnValue: 6 }]);
  });

  it('is red within deadAfter of a directory that has fallen silent', async () => {
    const port = await freePort();
    await setUp({ operator: { listen: `127.0.0.1:${port}` }, reconnect: { deadAfter: '2s' } });
    await service.start();
    const ready = async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).status;
    expect(await ready()).toBe(200);
    slapd.pause();
    try {
      // The kernel would take hours. The test's own time limit is enough.
      while ((await ready()) === 200) await new Promise((resolve) => setTimeout(resolve, 20));
    } finally {
      slapd.resume();
    }
    await service.outputMatches(/disconnected[\s\S]*refreshed/);
    expect(await ready()).toBe(200);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  });

  it('listens on several addresses at once, and continues with those that are available', async () => {
    const free = `127.0.0.1:${await freePort()}`;
    sockets += 1;
    const socket = join(slapd.folder, `operator-${sockets}.sock`);
    await setUp({
      operator: { listen: [free, `unix:${socket}`, 'unix:/nowhere/operator.sock'] },
      log: { format: 'json' },
    });
    await service.start();
    await service.outputMatches(/no operator interface: .*\/nowhere/);
    const pid = async (address: string) =>
      JSON.parse((await run('status', '--json', '--operator', address)).stdout).startedAt;
    expect(await pid(free)).toBe(await pid(`unix:${socket}`));
    expect((await withConfig('status')).code).toBe(0);
    const checked = await withConfig('check');
    expect(checked.stdout).toMatch(
      new RegExp(`a service runs and answers on ${free}[\\s\\S]*answers on unix:${socket}`),
    );
  });

  it('says of an outlet that cannot be written, for people, for monitoring and before the start', async () => {
    const port = await freePort();
    await setUp({ operator: { listen: `127.0.0.1:${port}` }, log: { file: '/dev/full' } });
    await service.start();
    await slapd.addAccount('1', ASKED);
    await service.outputMatches(/finished +1 /);
    const { code, stdout } = await withConfig('status');
    expect({ code, stdout: stdout.replace(/\n +/g, ' ') }).toEqual({
      code: 1,
      stdout: expect.stringMatching(
        /^connected, but the log file CANNOT BE WRITTEN\n[\s\S]*^log file +cannot be written \(ENOSPC.*\): \d+ lines were lost, check \/dev\/full$/m,
      ),
    });
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).toMatch(/^prov_outlet_failing\{outlet="log_file"\} 1$/m);
    expect(metrics).toMatch(/^prov_outlet_lost_lines_total\{outlet="log_file"\} [1-9]\d*$/m);
    expect((await withConfig('check')).stdout).toMatch(/log room/);
  });

  it('taps what happens from now on, like --debug, through a restart of the service', async () => {
    await setUpWithOperator();
    await service.start();
    const tap = startTap('--event', 'finished,failed');
    await tap.says('stderr', /listening/);
    await slapd.addAccount('1', ASKED);
    await tap.says('stdout', /finished +1 /);
    await service.stop();
    await tap.says('stderr', /lost/);
    await service.start();
    await slapd.addAccount('f2', ASKED);
    await tap.says('stdout', /failed +f2 +adding .*CANNOT_SET_QUOTA/);
    expect(await tap.end()).toBe(0);
  });

  it('refuses an event or a time that does not exist before it looks for a service, and says what does', async () => {
    await setUpWithOperator();
    const event = await withConfig('tap', '--event', 'finnished');
    expect(event).toMatchObject({ code: 64, stderr: expect.stringMatching(/finnished.*finished/) });
    const time = await withConfig('tap', '--since', 'yesterday');
    expect(time).toMatchObject({ code: 64, stderr: expect.stringMatching(/yesterday.*90s/) });
  });

  it('asks which service where none is named, or where its configuration has no operator interface', async () => {
    await setUp();
    expect((await run('status')).code).toBe(64);
    expect(await withConfig('status')).toMatchObject({ code: 2, stderr: expect.stringContaining('operator.listen') });
    expect((await run('status', '--operator', 'nonsense')).code).toBe(64);
  });
});

interface Tap {
  says(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<void>;
  /** Sends SIGINT. Resolves to the exit code. */
  end(): Promise<number | null>;
  readonly stdout: string;
}

function startTap(...args: string[]): Tap {
  const child = track(
    spawn(process.execPath, [MAIN, 'tap', '-c', service.configFile, ...args], { env: { PATH: process.env['PATH'] } }),
  );
  taps.add(child);
  const said = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (more: string) => {
      said[stream] += more;
      for (const look of watchers) look();
    });
  }
  return {
    says: (stream, pattern) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`tap did not say ${pattern}: ${JSON.stringify(said)}`)), 20_000);
        const look = () => {
          if (!pattern.test(said[stream])) return;
          clearTimeout(late);
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      }),
    end: async () => {
      child.kill('SIGINT');
      await exited(child);
      return child.exitCode;
    },
    get stdout() {
      return said.stdout;
    },
  };
}

async function tapUntil(pattern: RegExp, ...args: string[]): Promise<{ code: number | null; stdout: string }> {
  const tap = startTap(...args);
  await tap.says('stdout', pattern);
  return { code: await tap.end(), stdout: tap.stdout };
}
