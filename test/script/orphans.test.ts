import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { endOrphansBelow, endOrphansOf, findOrphanedAccounts } from '../../src/script/orphans.ts';
import { ownerMark } from '../../src/script/owner.ts';
import { groupLives, signalGroup } from '../../src/script/process-group.ts';
import { exited, track } from '../support/children.ts';
import { scriptFolder } from './contract.ts';

const files = scriptFolder();
afterAll(() => files.remove());

const base = `ou=${process.pid},dc=orphans`;
const account = { uid: '3724300', entryUUID: randomUUID(), base };
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    signalGroup(child.pid!, 'SIGKILL');
    await exited(child);
  }
});

/** The mark of a service that is no more. */
const GONE = '4194303.1';

/** A script that runs for the account, started by the service that the mark names, without a record. */
async function scriptOf(owner: string, body = '', environment: NodeJS.ProcessEnv = {}): Promise<number> {
  const child = track(
    spawn(files.sh(`${body}\necho started; while :; do sleep 0.05; done`), {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {
        PATH: '/bin:/usr/bin',
        PROV_UID: account.uid,
        PROV_ENTRY_UUID: account.entryUUID,
        PROV_DN: `uid=${account.uid},${base}`,
        PROV_SERVICE: owner,
        ...environment,
      },
    }),
  );
  children.push(child);
  await once(createInterface({ input: child.stdout }), 'line');
  return child.pid!;
}

const OTHER_ENTRY = randomUUID();

describe('ending the scripts that a dead service left behind', () => {
  it('ends the process group of the account, and says which', async () => {
    const group = await scriptOf(GONE, 'sleep 60 &');
    expect(await endOrphansOf(account, 5000)).toEqual([group]);
    expect(groupLives(group)).toBe(false);
    expect(await endOrphansOf(account, 5000)).toEqual([]);
  });

  it('kills, after the grace, what ignores SIGTERM', async () => {
    const group = await scriptOf(GONE, 'trap "" TERM');
    expect(await endOrphansOf(account, 100)).toEqual([group]);
    expect(groupLives(group)).toBe(false);
  });

  it('tells a dead service from one that has the same pid now', async () => {
    const group = await scriptOf(`${process.pid}.1`);
    expect(await endOrphansOf(account, 5000)).toEqual([group]);
  });

  it('knows the account again where its entry was moved within the base, renamed, or made anew', async () => {
    const groups = [
      await scriptOf(GONE, '', { PROV_DN: `uid=${account.uid},ou=old,${base}` }),
      await scriptOf(GONE, '', { PROV_UID: '3724309', PROV_DN: `uid=3724309,${base}` }),
      await scriptOf(GONE, '', { PROV_ENTRY_UUID: OTHER_ENTRY }),
    ];
    expect((await endOrphansOf(account, 5000)).sort()).toEqual(groups.sort());
  });

  it('knows the accounts below a base, however that is written', async () => {
    const group = await scriptOf(GONE);
    const written = ` OU = ${process.pid} ,  DC=Orphans`;
    expect(await endOrphansBelow('ou=others,dc=orphans', 5000)).toEqual([]);
    expect(await endOrphansBelow(base.slice(3), 5000)).toEqual([]);
    expect(await endOrphansBelow(written, 5000)).toEqual([group]);
  });

  it('leaves alone what lives on in a group without leader, closed descriptors and all: a script left it in the background', async () => {
    const script = files.sh(`sleep 60 >/dev/null 2>&1 & echo "$$"`);
    const env = { PATH: '/bin:/usr/bin', PROV_UID: account.uid, PROV_DN: base, PROV_SERVICE: GONE };
    const { stdout } = spawnSync('setsid', ['--wait', script], { encoding: 'utf8', env });
    const group = Number(stdout);
    expect(await endOrphansOf(account, 100)).toEqual([]);
    expect(signalGroup(group, 'SIGKILL')).toBe(true);
  });

  it('names the accounts that dead services left scripts for, and no others', async () => {
    await scriptOf(GONE, '', { PROV_UID: '3724302' });
    await scriptOf(ownerMark(), '', { PROV_UID: '3724303', PROV_ENTRY_UUID: OTHER_ENTRY });
    const found = findOrphanedAccounts();
    expect(['3724302', account.entryUUID, '3724303', OTHER_ENTRY].map((name) => found.has(name))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('leaves alone the scripts of a living service, of another account, and of nobody', async () => {
    const other = { PROV_ENTRY_UUID: OTHER_ENTRY };
    const groups = [
      await scriptOf(ownerMark()),
      await scriptOf(GONE, '', { ...other, PROV_UID: '3724301', PROV_DN: `uid=3724301,${base}` }),
      await scriptOf(GONE, '', { ...other, PROV_DN: `uid=${account.uid},${base},dc=org` }),
      await scriptOf(''),
    ];
    expect(await endOrphansOf(account, 100)).toEqual([]);
    expect(groups.map(groupLives)).toEqual([true, true, true, true]);
  });
});
