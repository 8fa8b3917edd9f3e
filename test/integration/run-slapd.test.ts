import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eachLives, until } from '../script/contract.ts';
import { lookupHelpersOf } from '../script/driver.ts';
import { accountDn } from '../support/accounts.ts';
import { type RunningService, type ServiceSetup, setUpService } from '../support/running-service.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';
import { text } from '../support/test-directory.ts';

/** A script that takes a lock for each uid, and records the runs that found it taken. */
const RECORDING = [
  'mkdir "$FOLDER/lock-$2" 2>/dev/null || echo "overlap $2" >> "$FOLDER/overlaps"',
  'echo "$@" >> "$FOLDER/runs"',
  'rmdir "$FOLDER/lock-$2"',
].join('\n');

let slapd: Slapd;
const services: RunningService[] = [];

beforeAll(async () => {
  slapd = await startSlapd();
});

afterAll(async () => {
  await slapd?.stop();
});

afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.remove()));
});

async function start(setup: Omit<ServiceSetup, 'url'>): Promise<RunningService> {
  const service = await setUpService({ url: slapd.url, ...setup });
  services.push(service);
  await service.start();
  return service;
}

async function runsOf(service: RunningService): Promise<string[]> {
  const recorded = await readFile(join(service.folder, 'runs'), 'utf8').catch(() => '');
  return recorded.split('\n').filter((line) => line !== '');
}

const OPEN = { sstProvisioningMode: 'add', sstProvisioningState: '0' };

describe('the service, on a real slapd', () => {
  it('takes an account through add, modify and delete, each with one run of the script and two modifies', async () => {
    const service = await start({ script: `${RECORDING}\necho working on "$PROV_UID"` });
    const observer = await slapd.observer('(uid=3724300)');
    await slapd.addAccount('3724300', OPEN);
    const added = await slapd.waitForMode('3724300', 'added');
    expect(text(added, 'sstProvisioningState')).toMatch(/^\d{8}T\d{6}Z$/);
    expect(text(added, 'sstProvisioningReturnValue')).toBe('0');

    await slapd.request('3724300', 'modify');
    await slapd.waitForMode('3724300', 'modified');
    await slapd.request('3724300', 'delete');
    await service.outputMatches(/waiting .*delete waits until it is FALSE/);
    await slapd.request('3724300', 'delete', { sstIsActive: 'FALSE' });
    await slapd.waitForMode('3724300', 'deleted');

    // ldapsearch ends a record when the next one begins.
    await slapd.modify(accountDn('3724300'), { description: 'looked at' });
    await observer.until(() => observer.modes('3724300').at(-1) === 'deleted');
    expect(observer.modes('3724300')).toEqual([
      ...['add', 'adding', 'added'],
      ...['modify', 'modifying', 'modified'],
      ...['delete', 'delete', 'deleting', 'deleted'],
    ]);
    expect(await runsOf(service)).toEqual(['add 3724300', 'modify 3724300', 'delete 3724300']);
    expect(service.output).toMatch(/output .*working on 3724300/);
    expect(await service.stop()).toBe(0);
  });

  it('looks users up by a helper process, which ends with the service', async () => {
    const service = await start({ script: RECORDING });
    let helper: number | undefined;
    for (let count = 1; helper === undefined && count <= 20; count++) {
      await slapd.addAccount(`somebody-${count}`, OPEN);
      await slapd.waitForMode(`somebody-${count}`, 'added');
      [helper] = await lookupHelpersOf(service.pid ?? 0);
    }
    expect(helper).toBeDefined();
    await slapd.addAccount('www-data', OPEN);
    await service.outputMatches(/skipped .*www-data.*this host knows www-data by the number/);
    await slapd.delete(accountDn('www-data'));
    expect(service.output).not.toContain('cannot be started');
    expect(await service.stop()).toBe(0);
    await until(async () => !(await eachLives([helper!])).includes(true));
  });

  it('works on one uid in order and never twice at once, in a storm of requests for it and 200 others', async () => {
    const service = await start({ script: RECORDING });
    await slapd.addAccount('7000000', OPEN);
    const others = Array.from({ length: 200 }, (_, index) => String(7_000_001 + index));
    const storm = (async () => {
      for (let count = 1; count <= 50; count++) await slapd.request('7000000', count % 2 === 0 ? 'add' : 'modify');
    })();
    for (const uid of others) await slapd.addAccount(uid, OPEN);
    await storm;
    for (const uid of others) await slapd.waitForMode(uid, 'added');
    await slapd.waitForMode('7000000', 'added');

    await expect(readFile(join(service.folder, 'overlaps'), 'utf8')).rejects.toThrow('ENOENT');
    const runs = await runsOf(service);
    for (const uid of others) expect(runs.filter((run) => run.endsWith(uid))).toEqual([`add ${uid}`]);
    expect(runs.filter((run) => run.endsWith('7000000')).at(-1)).toBe('add 7000000');
  });

  it('records the exit code of a failing script, leaves the account in work, and goes on with the others', async () => {
    const service = await start({ script: `[ "$2" = 3724310 ] && exit 5\n${RECORDING}` });
    await slapd.addAccount('3724310', OPEN);
    await service.outputMatches(/failed .*3724310/);
    const failed = await slapd.waitFor('3724310', (entry) => entry?.values('sstProvisioningReturnValue').length === 1);
    if (failed === undefined) throw new Error('the account is gone');
    expect(text(failed, 'sstProvisioningReturnValue')).toBe('5');
    expect([text(failed, 'sstProvisioningMode'), text(failed, 'sstProvisioningState')]).toEqual(['adding', '0']);
    await slapd.addAccount('3724311', OPEN);
    await slapd.waitForMode('3724311', 'added');

    await service.stop();
    await service.start();
    await service.outputMatches(/skipped .*3724310.*failed with 5/);
    await slapd.request('3724310', 'add');
    await service.outputMatches(/failed .*3724310/);
  });

  it('ends a hanging script with its process group after the time limit', async () => {
    const service = await start({
      script: 'trap "" TERM\nsleep 600 & echo "$! $$" > "$FOLDER/pids"\nwait\nsleep 600',
      settings: { script: { timeout: '500ms', killGrace: '200ms' } },
    });
    await slapd.addAccount('3724320', OPEN);
    await service.outputMatches(/failed .*3724320.*UNDEFINED_ERROR/);
    const pids = (await readFile(join(service.folder, 'pids'), 'utf8')).trim().split(' ').map(Number);
    for (const pid of pids) {
      const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'gone');
      expect(status).toMatch(/^gone$|\) Z /);
    }
  });

  it('says at start, and for each account, that the script is missing', async () => {
    const service = await start({ script: 'exit 0', settings: { script: { command: ['/nonexistent/create.sh'] } } });
    expect(service.output).toContain('/nonexistent/create.sh');
    await slapd.addAccount('3724330', OPEN);
    await service.outputMatches(/failed .*3724330.*ENOENT|failed .*3724330.*not exist/);
  });

  it('skips entries that cannot be worked on, and is neither crashed nor stalled by any content', async () => {
    const service = await start({ script: RECORDING });
    const hostile = ['../../etc', '-rf', '$(reboot)', 'a b', 'a\nb', 'ü', ';ls', '..'];
    for (const [index, uid] of hostile.entries()) {
      const dn = `sn=hostile${index},${accountDn('x').replace(/^[^,]*,/, '')}`;
      await slapd.add(dn, {
        objectClass: ['inetOrgPerson', 'sstProvisioning'],
        sn: `hostile${index}`,
        cn: Buffer.from('name\u001b[2Jwith escapes'),
        uid,
        description: index === 0 ? 'd'.repeat(1_048_576) : 'short',
        jpegPhoto: Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28]),
        ...OPEN,
        sstProvisioningExecutionDate: '0',
      });
    }
    await slapd.addAccount('3724340', { ...OPEN, sstProvisioningState: 'yesterday' });
    await slapd.addAccount('3724341', { ...OPEN, sstProvisioningMode: 'snapshotting' });
    await slapd.addAccount('3724342', OPEN);
    await slapd.waitForMode('3724342', 'added');
    expect(await runsOf(service)).toEqual(['add 3724342']);
    expect(service.output.match(/skipped .*hostile\d/g)).toHaveLength(hostile.length);
    expect(service.output).not.toContain('\u001b[2J');
    expect(service.output).not.toContain('3724341');
  });

  it('decides and reports with --dry-run, but writes and runs nothing', async () => {
    const service = await start({ script: RECORDING, flags: ['--dry-run'] });
    await slapd.addAccount('3724350', OPEN);
    await service.outputMatches(
      /skipped .*3724350.*dry run: would claim it and run the steps of add, as add is requested/,
    );
    expect(await runsOf(service)).toEqual([]);
    const entry = await slapd.read('3724350');
    expect(entry?.values('sstProvisioningMode')[0]?.toString()).toBe('add');
    await slapd.delete(accountDn('3724350'));
  });

  it('refuses to run a second time for the same accounts on this host, until the first one is gone', async () => {
    const first = await start({ script: RECORDING });
    const second = await setUpService({ url: slapd.url, script: RECORDING });
    services.push(second);
    await second.start({ wait: false });
    await second.outputMatches(/runs on this host already/);
    expect(await second.ended()).toBe(1);
    await first.stop('SIGKILL');
    await second.start();
  });

  it('prints its events as JSON lines with --json, each with time and event, and nothing else', async () => {
    const service = await setUpService({ url: slapd.url, script: RECORDING, flags: ['--json'] });
    services.push(service);
    await service.start({ wait: false });
    await service.outputMatches(/"event":"refreshed"/);
    await slapd.addAccount('3724360', OPEN);
    await service.outputMatches(/"event":"finished".*\n/);
    await service.stop();
    const lines = service.output.trimEnd().split('\n');
    const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const { time, event } of events) {
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      expect(event).toMatch(/^[a-z]+$/);
    }
    expect(events.find(({ event }) => event === 'finished')).toMatchObject({ uid: '3724360', mode: 'added' });
  });
});
