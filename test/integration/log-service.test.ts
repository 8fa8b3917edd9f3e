import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { chmod, mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERVICE_PASSWORD } from '../support/accounts.ts';
import { exited, track } from '../support/children.ts';
import { MAIN } from '../support/main.ts';
import { type Rsyslog, startRsyslog } from '../support/rsyslog.ts';
import { ServiceProcess, testSettings, withSettings, writeSettings } from '../support/service-process.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';

const SCRIPT = '#!/bin/sh\necho "working on $PROV_UID"\n[ "$PROV_UID" = 7 ] && exit 5\nexit 0\n';
const OPEN = { sstProvisioningMode: 'add', sstProvisioningState: '0' };

let folder: string;
let slapd: Slapd;
let rsyslog: Rsyslog;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'log-service-'));
  [slapd, rsyslog] = await Promise.all([startSlapd(), startRsyslog()]);
});
afterAll(async () => {
  await Promise.all([slapd?.stop(), rsyslog?.remove(), rm(folder, { recursive: true })]);
});

const lines = async (name: string): Promise<string[]> =>
  (await readFile(join(folder, name), 'utf8')).split('\n').slice(0, -1);

/** A line without its time. Values that differ from run to run are a star. */
const stable = (line: string): string =>
  line
    .replace(/^\S+ /, '')
    .replace(/(job|reason|milliseconds|state|url|server|entries|inWork|queued)=("[^"]*"|\S+)/g, '$1=*');

describe('the running service', () => {
  it.each([
    ['with --debug', ['--debug']],
    ['without', []],
  ])('goes on when nobody reads what it prints any more, %s', async (_title, flags) => {
    const config = await writeSettings(folder, testSettings(slapd.url, ['/bin/true']), 'unread.yaml');
    const child = track(
      spawn(process.execPath, [MAIN, 'run', '-c', config, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] }),
    );
    await once(child.stdout, 'data');
    child.stdout.destroy();
    child.stderr.destroy();
    for (const uid of ['one', 'two']) {
      await slapd.addAccount(`${uid}${flags.length}`, OPEN);
      await slapd.waitForMode(`${uid}${flags.length}`, 'added');
    }
    child.kill('SIGTERM');
    await exited(child);
    expect(child.exitCode).toBe(0);
  });
});

describe('the log of the running service', () => {
  it("tells each account's story in a file that rotates, in syslog and on the console, to the last line", async () => {
    const script = join(folder, 'script.sh');
    await writeFile(script, SCRIPT);
    await chmod(script, 0o755);
    const log = { level: 'info', format: 'json', file: join(folder, 'service.log'), syslog: rsyslog.socket };
    const settings = withSettings(testSettings(slapd.url, [script]), { log: { ...log, format: 'auto' } });
    const service = new ServiceProcess(await writeSettings(folder, settings), []);
    service.start();

    await slapd.addAccount('6', OPEN);
    await slapd.waitForMode('6', 'added');
    await slapd.addAccount('7', OPEN);
    await slapd.waitFor('7', (entry) => entry?.values('sstProvisioningReturnValue').toString() === '5');
    await rename(join(folder, 'service.log'), join(folder, 'service.log.1'));
    service.signal('SIGHUP');
    await slapd.addAccount('8', OPEN);
    await slapd.waitForMode('8', 'added');
    expect(await service.terminate()).toBe(0);

    const told = [...(await lines('service.log.1')), ...(await lines('service.log'))];
    for (const line of told)
      expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d (info |warn |error) /);
    expect(told.map(stable)).toEqual([
      'info  connected url=* protocol=syncrepl server=*',
      'info  open accounts listed entries=* milliseconds=*',
      'info  script output uid=6 mode=adding job=* stream=stdout line="working on 6"',
      'info  account finished uid=6 mode=added job=* milliseconds=* state=*',
      'info  script output uid=7 mode=adding job=* stream=stdout line="working on 7"',
      'error account failed uid=7 mode=adding job=* step=script returnValue=5 cause="working on 7" reason=* modifiedBy="cn=admin,dc=stoney-cloud,dc=org" remedy="fix the cause, then run: prov-backup-rsnapshot retry -c FILE 7"',
      'info  script output uid=8 mode=adding job=* stream=stdout line="working on 8"',
      'info  account finished uid=8 mode=added job=* milliseconds=* state=*',
      'info  draining inWork=* queued=* graceMilliseconds=10000',
      'info  stopped exitCode=0',
    ]);
    expect((await lines('service.log')).at(-1)).toContain('stopped exitCode=0');

    const messages = (await rsyslog.received(told.length)).map(({ severity, message }) => `${severity} ${message}`);
    expect(messages.at(-1)).toBe('info stopped exitCode=0');
    expect(messages.filter((message) => message.startsWith('err '))).toHaveLength(1);
    expect(messages).toHaveLength(told.length);

    const console = service.output.split('\n').filter((line) => line.startsWith('{'));
    expect(console.map((line) => JSON.parse(line).message)).toEqual(
      told.map((line) => /(?:info {2}|warn {2}|error )(.*?)(?: \w+=|$)/.exec(line)?.[1]),
    );
  });

  it('begins with what is wrong around the service: an address that is taken, a password that all may read', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const listen = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
    const bindPasswordFile = join(folder, 'password');
    await writeFile(bindPasswordFile, SERVICE_PASSWORD);
    await chmod(bindPasswordFile, 0o644);
    const settings = withSettings(testSettings(slapd.url, ['/bin/true']), {
      directory: { bindPassword: null, bindPasswordFile },
      operator: { listen },
    });
    const service = new ServiceProcess(await writeSettings(folder, settings), []);
    service.start();
    await expect.poll(() => service.output, { timeout: 20_000 }).toContain('open accounts listed');
    expect(await service.terminate()).toBe(0);
    taken.close();
    const said = service.output.split('\n').filter((line) => /"message":"(no operator|password)/.test(line));
    expect(said.map((line) => JSON.parse(line)).map(({ level, message }) => `${level} ${message}`)).toEqual([
      expect.stringMatching(
        `^error no operator interface: cannot listen on ${listen}: .*; another program listens there`,
      ),
      `warn password: every user of this host can read the password in ${bindPasswordFile}; chmod o-rwx ${bindPasswordFile}`,
    ]);
  });

  it('is not ended by a reload that comes while it reads its configuration', async () => {
    const settings = await readFile(await writeSettings(folder, testSettings(slapd.url, ['/bin/true'])), 'utf8');
    const pipe = join(folder, 'configuration.pipe');
    execFileSync('mkfifo', ['-m', '600', pipe]);
    const through = ['bash', '-c', 'exec "$0" "$@" < <(cat "$PIPE")'];
    const service = new ServiceProcess('/dev/stdin', [], { through });
    service.start({ PIPE: pipe });
    const writing = await open(pipe, 'w');
    await expect.poll(() => hearsHangUp(service.pid), { timeout: 20_000 }).toBe(true);
    service.signal('SIGHUP');
    await writing.writeFile(settings);
    await writing.close();
    await expect.poll(() => service.output, { timeout: 20_000 }).toContain('open accounts listed');
    expect(await service.terminate()).toBe(0);
  });
});

/**
 * Whether the process has become the service and handles SIGHUP (the first bit of the caught
 * signals).
 */
function hearsHangUp(pid = 0): boolean {
  if (readlinkSync(`/proc/${pid}/exe`) !== realpathSync(process.execPath)) return false;
  const [, caught = '0'] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return BigInt(`0x${caught}`) % 2n === 1n;
}
