import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ServiceSnapshot } from '../../src/domain/status.ts';
import { accountAttributes, BASE } from '../support/accounts.ts';
import { attempt, type CommandResult } from '../support/children.ts';
import { MAIN } from '../support/main.ts';
import { type RunningService, setUpService } from '../support/running-service.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';

const ASKED = { sstProvisioningMode: 'add', sstProvisioningState: '0' };
/** A user and a group without rights, by number. */
const NOBODY = '65534';

let slapd: Slapd;
let service: RunningService;
let sockets = 0;
let address: string;

beforeAll(async () => {
  slapd = await startSlapd();
});
afterAll(() => slapd.stop());
afterEach(async () => {
  await service.remove();
  for (const entry of await slapd.search(undefined, '(uid=*)')) await slapd.delete(entry.dn);
});

/** Uids with a w take long. */
async function setUp({
  operator = {},
  ...settings
}: Record<string, unknown> & { operator?: object } = {}): Promise<void> {
  address = `unix:${join(slapd.folder, `orders-${++sockets}.sock`)}`;
  const script = 'case "$2" in w*) sleep 60 ;; esac';
  service = await setUpService({
    url: slapd.url,
    script,
    settings: { ...settings, operator: { listen: address, ...operator } },
  });
  await service.start();
}

const env = { PATH: process.env['PATH'], TZ: 'UTC' };
const order = (...args: string[]): Promise<CommandResult> =>
  attempt(process.execPath, [MAIN, ...args, '--operator', address], { env });
const status = async (): Promise<ServiceSnapshot> => JSON.parse((await order('status', '--json')).stdout);

describe('pause', () => {
  it('takes up nothing new until resume, and says so wherever one looks', async () => {
    await setUp();
    const paused = await order('pause', '--reason', 'the disk is replaced');
    expect(paused).toMatchObject({ code: 0, stderr: '' });
    expect(paused.stdout).toMatch(/^Paused: no new work begins\. 0 in work/);
    for (const line of paused.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    await slapd.addAccount('1', ASKED);
    await service.outputMatches(/ queued +1 /);
    const { pauses, counts } = await status();
    expect(pauses).toEqual([
      {
        by: 'operator',
        holds: 'everything',
        reason: 'the disk is replaced',
        since: expect.any(String),
        who: 'root (0)',
      },
    ]);
    expect(counts).toMatchObject({ queued: 1, inWork: 0 });
    expect((await order('status')).stdout).toMatch(
      /^connected, but PAUSED by root \(0\) for .*\n(.*\n)*.*: no new work begins; the disk/,
    );
    const explained = await attempt(process.execPath, [MAIN, 'explain', '-c', service.configFile, '1'], { env });
    expect(explained.stdout).toMatch(/paused by root \(0\) since .*: no new work begins; the disk is replaced/);
    const verified = await attempt(process.execPath, [MAIN, 'verify', '-c', service.configFile], { env });
    expect(verified.stdout).toMatch(/The service is paused by root \(0\) since /);

    expect(await order('resume', '--json')).toMatchObject({
      code: 0,
      stdout: '{"done":true,"words":"New work begins again."}\n',
    });
    await service.outputMatches(/ finished +1 /);
    expect(service.output).toMatch(/ resumedWork +by root \(0\): the pause by an operator is over after /);
    expect((await status()).pauses).toEqual([]);
  });

  it('is for the owner and the group of the socket only', async () => {
    await setUp({ operator: { group: NOBODY } });
    await chmod(slapd.folder, 0o755);
    const as = (...ids: string[]) =>
      attempt('setpriv', [...ids, process.execPath, MAIN, 'pause', '--operator', address], { env });
    const stranger = await as('--reuid', NOBODY, '--regid', '65533', '--clear-groups');
    expect(stranger.code).toBe(2);
    expect(stranger.stderr).toMatch(/the socket is for its owner and group/);
    expect(await as('--reuid', '65533', '--regid', NOBODY, '--clear-groups')).toMatchObject({ code: 0 });
    expect((await status()).pauses).toMatchObject([{ who: 'uid 65533' }]);
  });
});

describe('the JSON of a command', () => {
  const NAME = 'x\u009b2J\u202ey';
  const DN = `ou=${NAME},${BASE}`;

  afterEach(() => slapd.delete(DN).catch(() => {}));

  it('has no character as it is that moves the cursor or turns the direction of text', async () => {
    await slapd.add(DN, { objectClass: 'organizationalUnit', ou: NAME });
    await slapd.add(
      `uid=1,${DN}`,
      accountAttributes('1', { ...ASKED, sstProvisioningMode: 'adding', sstProvisioningReturnValue: '6' }),
    );
    await setUp();
    await order('pause', '--reason', NAME);
    const printed = [
      await order('status', '--json'),
      await order('cancel', NAME, '--json'),
      await attempt(process.execPath, [MAIN, 'verify', '-c', service.configFile, '--json'], { env }),
    ].map(({ stdout }) => stdout);
    for (const text of printed) expect(text).not.toMatch(/[\u007f-\u009f\u202e]/);
    const [state, answer, finding] = printed.map((text) => JSON.parse(text));
    expect([state.pauses[0].reason, answer.words, finding.dn]).toEqual(Array(3).fill(expect.stringContaining(NAME)));
  });
});

describe('the switch', () => {
  const DN = `ou=switch,${BASE}`;

  afterEach(async () => {
    await slapd.delete(DN).catch(() => {});
  });

  /**
   * The entry needs an attribute with the values TRUE and FALSE, which the schema has for accounts.
   */
  const addSwitch = (value: string) =>
    slapd.add(DN, { objectClass: ['organizationalUnit', 'sstRelationship'], ou: 'switch', sstIsActive: value });
  const withConfig = (...args: string[]) =>
    attempt(process.execPath, [MAIN, ...args, '-c', service.configFile], { env });

  it('pauses the service while it is FALSE, also across a restart, and lets work at once when it is TRUE', async () => {
    await addSwitch('FALSE');
    await setUp({ switch: { dn: DN } });
    await service.outputMatches(/ paused +by the switch, .*sstIsActive of ou=switch,.* is FALSE, last written by cn=/);
    await slapd.addAccount('1', ASKED);
    await service.outputMatches(/ queued +1 /);
    expect((await withConfig('check')).stdout).toMatch(/switch ou=switch.* is FALSE/);
    expect((await withConfig('explain', '1')).stdout).toMatch(/The switch ou=switch,.* is FALSE \(sstIsActive\)/);
    expect((await order('resume')).stdout).toMatch(/^There was no pause to end\. Still paused by the switch: /);
    await service.stop();
    await service.start();
    await service.outputMatches(/ paused +by the switch/);
    expect(service.output).not.toMatch(/ claimed /);
    const before = Date.now();
    await slapd.modify(DN, { sstIsActive: 'TRUE' });
    await service.outputMatches(/ finished +1 /);
    expect(Date.now() - before).toBeLessThan(5_000);
    await slapd.modify(DN, { sstIsActive: 'FALSE' });
    await service.outputMatches(/resumedWork(.|\n)* paused +by the switch/);
  });

  it('keeps the service paused from the start on while there is no such entry, and says why', async () => {
    await setUp({ switch: { dn: DN } });
    await service.outputMatches(/ paused +by the switch, .*cannot be read: there is no such entry/);
    expect((await withConfig('check')).stdout).toMatch(/switch ou=switch.*there is no such entry/);
  });
});

describe('the brake', () => {
  const DELETE = { sstProvisioningMode: 'delete', sstProvisioningState: '0', sstIsActive: 'FALSE' };
  const count = (pattern: RegExp) => service.output.match(pattern)?.length ?? 0;

  it('stops deletes that are too many until resume, also after a restart, while the rest goes on', async () => {
    await setUp({ brake: { deletes: 2, within: '1h' } });
    for (const uid of ['1', '2', '3', '4']) await slapd.addAccount(uid, DELETE);
    await service.outputMatches(/ paused +by the brake, so no delete begins: 2 deletes have begun within 60 min/);
    await slapd.addAccount('5', ASKED);
    await service.outputMatches(/ finished +5 /);
    await service.outputMatches(/( finished +[1-4] (.|\n)*){2}/);
    expect((await order('status')).stdout).toMatch(/^connected, but deletes are PAUSED by the brake for /);

    await service.stop();
    await service.start();
    await service.outputMatches(/ paused +by the brake, .* 2 deletes have begun/);
    expect(count(/ claimed /g)).toBe(0);
    expect((await order('resume')).stdout).toBe('New work begins again.\n');
    await service.outputMatches(/( finished +[1-4] (.|\n)*){2}/);
  });
});

describe('cancel', () => {
  it('ends the script of one account, which counts as failed with who cancelled it', async () => {
    await setUp();
    await slapd.addAccount('w1', ASKED);
    await service.outputMatches(/ claimed +w1 /);
    expect(await order('cancel', 'w1')).toMatchObject({ code: 0, stderr: '' });
    await service.outputMatches(/ step +w1 .*script cancelled after /);
    await service.outputMatches(/ failed +w1 .*code 1 in script: "cancelled by root \(0\)"/);
    expect((await status()).failures).toMatchObject([{ returnValue: 1, cause: 'cancelled by root (0)', uids: ['w1'] }]);
    const again = await order('cancel', 'w1');
    expect(again).toMatchObject({ code: 1, stdout: 'Nothing runs for w1: it has failed.\n' });
    expect((await order('cancel', 'x')).stdout).toBe(
      'Nothing runs for x: it is no open account that this service knows.\n',
    );
  });
});

describe('settle', () => {
  const FAILED = { sstProvisioningMode: 'adding', sstProvisioningState: '0', sstProvisioningReturnValue: '6' };

  it('writes the outcome of an account that was mended by hand, runs nothing, and refuses the rest with reasons', async () => {
    await setUp();
    await slapd.addAccount('1', FAILED);
    await slapd.addAccount('w2', ASKED);
    await service.outputMatches(/ claimed +w2 /);
    expect(await order('settle', '1', '--code', '5')).toMatchObject({
      code: 0,
      stdout: '1 is settled as failed with code 5.\n',
    });
    const settled = await order('settle', '1', '--code', '0');
    expect(settled.stdout).toMatch(/^1 is settled: added, state \d{8}T\d{6}Z\.\n$/);
    const entry = await slapd.read('1');
    expect(String(entry?.values('sstProvisioningMode')[0])).toBe('added');
    expect(String(entry?.values('sstProvisioningReturnValue')[0])).toBe('0');
    expect(service.output).toMatch(/ finished +1 .*settled by root \(0\)/);
    expect(service.output).not.toMatch(/ step +1 /);
    expect(await order('settle', 'w2', '--code', '0')).toMatchObject({
      code: 1,
      stdout: 'w2 cannot be settled: it is in work; cancel ends its script, which counts as\nfailed.\n',
    });
    expect((await order('settle', '1', '--code', '0')).stdout).toMatch(/it is no open account that this service knows/);
    expect((await order('settle', '1', '--code', '256')).code).toBe(64);
    await order('cancel', 'w2');
  });
});

describe('reload', () => {
  /** Writes the configuration with these settings instead. */
  const write = async (changes: object) => {
    const before = JSON.parse(await readFile(service.configFile, 'utf8'));
    await writeFile(service.configFile, JSON.stringify({ ...before, ...changes }, null, 1));
  };

  it('takes a changed file for new turns, names what needs a restart, and takes nothing of a faulty one', async () => {
    await setUp({ concurrency: 1 });
    await slapd.addAccount('w1', ASKED);
    await service.outputMatches(/ claimed +w1 /);
    await slapd.addAccount('w2', ASKED);
    await service.outputMatches(/ queued +w2 /);
    expect((await order('reload')).stdout).toBe('Nothing has changed that can be taken.\n');

    await write({ concurrency: 2, timeZone: 'Europe/Zurch', retry: { script: { attempts: 0 } } });
    const faulty = await order('reload');
    expect(faulty.code).toBe(1);
    expect(faulty.stdout).toMatch(/^Nothing is changed\.(.|\n)*timeZone(.|\n)*retry\.script\.attempts/);
    expect((await status()).slots).toBe(1);

    await write({ concurrency: 2, timeZone: 'UTC', retry: {} });
    const taken = await order('reload');
    expect(taken).toMatchObject({ code: 0, stdout: 'Changed: concurrency.\nA restart is needed for: timeZone.\n' });
    await service.outputMatches(/ claimed +w2 /);
    expect(service.output).toMatch(/ reloaded +by root \(0\): changed: concurrency; a restart is needed for timeZone/);
    expect((await status()).slots).toBe(2);
    for (const uid of ['w1', 'w2']) await order('cancel', uid);
  });
});
