import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { attempt, type CommandResult, exited, track } from '../support/children.ts';
import { MAIN } from '../support/main.ts';
import { ServiceProcess, testSettings, withSettings, writeSettings } from '../support/service-process.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';
import { text } from '../support/test-directory.ts';

const ASKED = { sstProvisioningMode: 'add', sstProvisioningState: '0' };
/** Uids with an f fail, uids with a w wait, uids with an s say a lot. */
const SCRIPT = `#!/bin/sh
case "$2" in
  f*) echo begun; echo "no quota for $2" >&2; exit 6 ;;
  w*) sleep 60 ;;
  s*) seq 40 ;;
esac
exit 0
`;

let slapd: Slapd;
let folder: string;
let directory: string;
let config: string;
let service: ServiceProcess;

beforeAll(async () => {
  slapd = await startSlapd();
});
afterAll(() => slapd.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-'));
  directory = join(folder, 'journal');
  const script = join(folder, 'script.sh');
  await writeFile(script, SCRIPT, { mode: 0o755 });
  const settings = withSettings(testSettings(slapd.url, [script]), {
    log: { level: 'info' },
    journal: { directory, maxSize: '4MiB' },
    operator: { listen: `unix:${join(folder, 'operator.sock')}` },
  });
  config = await writeSettings(folder, settings);
  service = new ServiceProcess(config);
});
afterEach(async () => {
  if (service.running) await service.kill9();
  await rm(folder, { recursive: true, force: true });
  for (const entry of await slapd.search(undefined, '(uid=*)')) await slapd.delete(entry.dn);
});

const run = (...args: string[]): Promise<CommandResult> =>
  attempt(process.execPath, [MAIN, ...args, '-c', config], { env: { PATH: process.env['PATH'], TZ: 'UTC' } });
const said = (what: RegExp | string, timeout = 20_000) => expect.poll(() => service.output, { timeout }).toMatch(what);
const started = () => said(/refreshed/);
const failed = (uid: string) =>
  slapd.waitFor(uid, (entry) => entry !== undefined && text(entry, 'sstProvisioningReturnValue') === '6');

/** The lines of the journal in the folder. */
const lines = (where = directory): string[] =>
  readdirSync(where)
    .sort()
    .flatMap((name) => readFileSync(join(where, name), 'utf8').split('\n').slice(0, -1));
const events = (where = directory) => lines(where).map((line) => JSON.parse(line) as Record<string, unknown>);

async function metrics(): Promise<string> {
  const asked = request({
    socketPath: join(folder, 'operator.sock'),
    path: '/metrics',
    headers: { host: 'localhost' },
  });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return (await response.setEncoding('utf8').toArray()).join('');
}

/** All that `tap --since all --json` prints until it prints this. */
async function tapUntil(pattern: RegExp): Promise<string> {
  const tap = track(
    spawn(process.execPath, [MAIN, 'tap', '-c', config, '--since', 'all', '--json'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
  let told = '';
  for await (const more of tap.stdout.setEncoding('utf8')) {
    told += more;
    if (pattern.test(told)) break;
  }
  tap.kill('SIGKILL');
  await exited(tap);
  return told;
}

describe('what happened', () => {
  it('is shown across restarts and a kill, without a running service: the requester, each attempt, its end', async () => {
    service.start();
    await started();
    await slapd.addAccount('f1', ASKED);
    await failed('f1');
    await slapd.addAccount('w1', ASKED);
    await expect.poll(() => lines().join('\n'), { timeout: 20_000 }).toMatch(/"claimed".*"w1"/);
    await service.kill9();
    service = new ServiceProcess(config);
    service.start();
    await said(/resumed .*w1/);
    await slapd.request('f1', 'modify');
    await said(/failed .*f1/);
    // The script of w1 is interrupted.
    expect(await service.terminate()).toBe(1);

    const { code, stdout } = await run('history', 'F1');
    expect(code).toBe(0);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    const flat = stdout.replace(/\n +/g, ' ');
    expect(flat).toMatch(new RegExp(`^\\S+ \\S+  ${slapd.login.dn} requests add$`, 'im'));
    expect(flat).toMatch(/attempt \S+ to add.*\| begun ! no quota for f1 step script failed \(6\) in .*\n/);
    expect(flat).toMatch(/failed after .* with code 6 CANNOT_SET_QUOTA in step script: "no quota for f1"/);
    expect(flat).toMatch(/requests modify\n\S+ \S+ {2}attempt \S+ to modify/);
    const waited = (await run('history', 'w1', '--json')).stdout.trimEnd().split('\n');
    expect(waited.map((line) => JSON.parse(line)).map(({ kind, end }) => [kind, end?.as])).toEqual([
      ['request', undefined],
      ['attempt', 'interrupted'],
      ['attempt', expect.stringMatching(/unknown|finished|failed/)],
    ]);

    const ends = lines()
      .map((line) => JSON.parse(line))
      .filter(({ event }) => event === 'failed');
    expect(ends.map(({ uid, cause, modifiedBy }) => [uid, cause, modifiedBy])).toEqual(
      ends.map(() => ['f1', 'no quota for f1', expect.stringMatching(new RegExp(`^${slapd.login.dn}$`, 'i'))]),
    );
    expect(ends.length).toBeGreaterThan(0);

    const summary = await run('history');
    expect(summary.stdout).toMatch(/2 x (add|modify).*\n|1 x add, code 6/);
    expect(summary.stdout).toMatch(
      /1 x add, code 6 CANNOT_SET_QUOTA in step script: no quota for f1|no quota for \{uid\}/,
    );
    expect(JSON.parse((await run('history', '--json')).stdout)).toMatchObject({
      requests: expect.arrayContaining([expect.objectContaining({ mode: 'modify', count: 1 })]),
      missed: 0,
    });
    expect(await run('history', 'nobody')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/nothing about "nobody"/),
    });
  });

  it('is shown by explain, from before the restart, and where no service runs', async () => {
    service.start();
    await started();
    await slapd.addAccount('f1', ASKED);
    await failed('f1');
    expect(await service.terminate()).toBe(0);
    const alone = (await run('explain', 'f1')).stdout;
    expect(alone).toMatch(
      /No running service could be asked[\s\S]*The last events according to the journal in .*:[\s\S]*! no quota for f1/,
    );
    service = new ServiceProcess(config);
    service.start();
    await started();
    await said(/skipped .*f1/);
    const beside = (await run('explain', 'f1')).stdout;
    expect(beside).toMatch(/The last events according to the service at .*:[\s\S]*! no quota for f1[\s\S]*skipped/);
    expect(beside.match(/! no quota for f1$/gm)).toHaveLength(1);
  });

  it('is shown by explain, too, where the directory is away', async () => {
    service.start();
    await started();
    await slapd.addAccount('f1', ASKED);
    await failed('f1');
    await said(/failed .*f1/);
    const settings = withSettings(testSettings('ldap://127.0.0.1:9', ['/bin/true']), { journal: { directory } });
    config = await writeSettings(folder, settings, 'away.yaml');
    expect(await run('explain', 'f1')).toMatchObject({
      code: 2,
      stdout: expect.stringMatching(/^The last events according to the journal in .*:[\s\S]*! no quota for f1/),
      stderr: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('is followed by tap from before a restart into the present, with no gap and nothing twice', async () => {
    service.start();
    await started();
    for (let n = 0; n < 30; n += 1) await slapd.addAccount(`s${n}`, ASKED);
    await Promise.all(Array.from({ length: 30 }, (_, n) => slapd.waitForMode(`s${n}`, 'added')));
    expect(await service.terminate()).toBe(0);
    service = new ServiceProcess(config);
    service.start();
    await started();
    for (let n = 30; n < 40; n += 1) await slapd.addAccount(`s${n}`, ASKED);
    const tap = tapUntil(/"event":"finished".*"s59".*\n/);
    for (let n = 40; n < 59; n += 1) await slapd.addAccount(`s${n}`, ASKED);
    await Promise.all(Array.from({ length: 59 }, (_, n) => slapd.waitForMode(`s${n}`, 'added')));
    await slapd.addAccount('s59', ASKED);
    const told = (await tap).trimEnd().split('\n');
    await expect.poll(() => lines().length).toBeGreaterThanOrEqual(told.length);
    expect(told).toEqual(lines().slice(0, told.length));
    expect(told.some((line) => /finished.*s59/.test(line))).toBe(true);
  });

  it('is asked for with a folder, a time and an account that make sense', async () => {
    expect(await run('history')).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no such folder') });
    expect(await run('history', '--since', 'yesterday')).toMatchObject({ code: 64 });
    expect(await run('history', '--since', '1h', '--until', '2h')).toMatchObject({ code: 64 });
    expect(await run('history', 'a,b')).toMatchObject({ code: 64 });
    config = await writeSettings(folder, testSettings(slapd.url, ['/bin/true']), 'without.yaml');
    expect(await run('history')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('journal.directory is null'),
    });
  });
});

describe('the journal of a service', () => {
  it('has at most a half last line after a kill under load, which readers pass over and tell', async () => {
    service.start();
    await started();
    for (let n = 0; n < 60; n += 1) await slapd.addAccount(`s${n}`, ASKED);
    await expect
      .poll(() => readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0))
      .toBeGreaterThan(300_000);
    await service.kill9();
    const complete = lines();
    expect(() => complete.map((line) => JSON.parse(line))).not.toThrow();
    const last = join(directory, readdirSync(directory).sort().at(-1) ?? '');
    writeFileSync(last, '{"time":"2026-11-27T12:00:00.000Z","event":"finished","uid":"s0"', { flag: 'a' });
    expect(await run('history', 's0')).toMatchObject({
      code: 0,
      stderr: '-- 1 line of the journal cannot be read, for example because a crash cut the line off\n',
    });
  });

  it('does not hold up work on a full disk, tells what is lost, and goes on by itself', async () => {
    const mount = `mount -t tmpfs -o size=256k,mode=755 tmpfs "$DISK" && exec "$@"`;
    const disk = join(folder, 'disk');
    await mkdir(disk);
    const settings = withSettings(testSettings(slapd.url, [join(folder, 'script.sh')]), {
      log: { level: 'info' },
      journal: { directory: join(disk, 'journal'), maxSize: '1MiB' },
      operator: { listen: `unix:${join(folder, 'operator.sock')}` },
    });
    config = await writeSettings(folder, settings);
    service = new ServiceProcess(config, ['--debug'], { through: ['unshare', '--mount', 'sh', '-c', mount, 'sh'] });
    service.start({ DISK: disk });
    await started();
    // The disk is only in the service's namespace.
    const inside = join(`/proc/${service.pid}/root`, disk);
    await slapd.addAccount('1', ASKED);
    await slapd.waitForMode('1', 'added');
    expect(events(join(inside, 'journal')).length).toBeGreaterThan(5);
    expect(() => writeFileSync(join(inside, 'filler'), Buffer.alloc(512 * 1024))).toThrow(/ENOSPC/);

    await slapd.addAccount('s2', ASKED);
    await slapd.waitForMode('s2', 'added');
    await said(/notice +the journal in .* cannot be written \(ENOSPC/);
    const status = await run('status');
    expect([status.code, status.stdout.replace(/\n +/g, ' ')]).toEqual([
      1,
      expect.stringMatching(/^journal +cannot be written \(ENOSPC.*\d+ lines were lost/m),
    ]);
    expect(await metrics()).toMatch(/^prov_outlet_failing\{outlet="journal"\} 1$/m);
    rmSync(join(inside, 'filler'));
    await slapd.addAccount('3', ASKED);
    await slapd.waitForMode('3', 'added');
    await said(/notice +the journal in .* is written again; \d+ events were lost/);
    await said(/finished +3 /);
    await expect.poll(() => lines(join(inside, 'journal')).at(-1)).toMatch(/"finished".*"uid":"3"/);
    const kept = lines(join(inside, 'journal'));
    const readable = kept.flatMap((line) => {
      try {
        return [JSON.parse(line) as Record<string, unknown>];
      } catch {
        return [];
      }
    });
    // At most the line that the disk had no room for.
    expect(kept.length - readable.length).toBeLessThanOrEqual(1);
    const lost = Number(/is written again; (\d+) events/.exec(service.output)?.[1]);
    expect(readable).toContainEqual(expect.objectContaining({ event: 'missed', missed: lost }));
    const json = JSON.parse((await run('status', '--json')).stdout);
    expect(json.outlets).toMatchObject([{ outlet: 'journal', where: join(disk, 'journal'), lost }]);
    expect(await metrics()).toMatch(new RegExp(`^prov_outlet_lost_lines_total{outlet="journal"} ${lost}$`, 'm'));
    expect(await metrics()).toMatch(/^prov_outlet_failing\{outlet="journal"\} 0$/m);
    expect(await service.terminate()).toBe(0);
  });

  it('is for the members of operator.group, as the socket is', async () => {
    const listen = join(folder, 'operator.sock');
    const settings = withSettings(testSettings(slapd.url, ['/bin/true']), {
      journal: { directory },
      operator: { listen: `unix:${listen}`, group: 'adm' },
    });
    service = new ServiceProcess(await writeSettings(folder, settings));
    service.start();
    await started();
    const group = Number(/^adm:[^:]*:(\d+):/m.exec(readFileSync('/etc/group', 'utf8'))?.[1]);
    const rights = (path: string) => [statSync(path).gid, statSync(path).mode & 0o777];
    expect(rights(listen)).toEqual([group, 0o660]);
    expect(rights(directory)).toEqual([group, 0o750]);
    expect(rights(join(directory, readdirSync(directory)[0] ?? ''))).toEqual([group, 0o640]);
    expect(await service.terminate()).toBe(0);
  });

  it('is no condition for work: without a place for it the service runs, and tap begins with what that has', async () => {
    const settings = withSettings(testSettings(slapd.url, [join(folder, 'script.sh')]), {
      journal: { directory: join(folder, 'script.sh', 'journal') },
      operator: { listen: `unix:${join(folder, 'operator.sock')}` },
    });
    config = await writeSettings(folder, settings);
    service = new ServiceProcess(config);
    service.start();
    await said(/the journal in .* cannot be written \(ENOTDIR/);
    await slapd.addAccount('s59', ASKED);
    await slapd.waitForMode('s59', 'added');
    expect(await tapUntil(/"event":"finished".*"s59".*\n/)).toMatch(/^\{"time":"[^"]*","event":"connected"/);
    expect(await service.terminate()).toBe(0);
  });

  it('is not kept by a dry run', async () => {
    service = new ServiceProcess(config, ['--debug', '--dry-run']);
    service.start();
    await started();
    expect(await service.terminate()).toBe(0);
    expect(readdirSync(folder)).not.toContain('journal');
  });
});
