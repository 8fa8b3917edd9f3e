import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { endOrphans, findOrphanedUids, ownerMark } from '../../src/script/orphans.ts';
import { groupLives } from '../../src/script/process-group.ts';
import { track } from '../support/children.ts';
import { scriptFolder } from './contract.ts';

const files = scriptFolder();
afterAll(() => files.remove());

const ref = { uid: '3724300', dn: `uid=3724300,ou=${process.pid},dc=example` };
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    process.kill(-child.pid!, 'SIGKILL');
    await ended;
  }
});

/** A script that runs for an account, started by the service that the mark names. */
async function scriptOf(owner: string, body: string, account = ref): Promise<number> {
  const child = track(
    spawn(files.sh(`${body}\necho started; while :; do sleep 0.05; done`), {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: '/usr/bin:/bin', PROV_UID: account.uid, PROV_DN: account.dn, PROV_SERVICE: owner },
    }),
  );
  children.push(child);
  await once(createInterface({ input: child.stdout }), 'line');
  return child.pid!;
}

/** The mark of a service that is no more. */
const GONE = '4194303.1';

describe('ending the scripts that a dead service left behind', () => {
  it('ends the process group of the account, and says which', async () => {
    const group = await scriptOf(GONE, 'sleep 60 &');
    expect(await endOrphans(ref, 5000)).toEqual([group]);
    expect(groupLives(group)).toBe(false);
    expect(await endOrphans(ref, 5000)).toEqual([]);
  });

  it('kills, after the grace, what ignores SIGTERM', async () => {
    const group = await scriptOf(GONE, 'trap "" TERM');
    expect(await endOrphans(ref, 100)).toEqual([group]);
    expect(groupLives(group)).toBe(false);
  });

  it('tells a dead service from one that has the same pid now', async () => {
    const group = await scriptOf(`${process.pid}.1`, '');
    expect(await endOrphans(ref, 5000)).toEqual([group]);
  });

  it('names the accounts that dead services left scripts for, and no others', async () => {
    await scriptOf(GONE, '', { ...ref, uid: '3724302' });
    await scriptOf(ownerMark(), '', { ...ref, uid: '3724303' });
    expect(findOrphanedUids()).toContain('3724302');
    expect(findOrphanedUids()).not.toContain('3724303');
  });

  it('leaves alone the scripts of a living service, of another account, and of nobody', async () => {
    const groups = [
      await scriptOf(ownerMark(), ''),
      await scriptOf(GONE, '', { ...ref, uid: '3724301' }),
      await scriptOf(GONE, '', { ...ref, dn: `${ref.dn},dc=org` }),
      await scriptOf('', ''),
    ];
    expect(await endOrphans(ref, 100)).toEqual([]);
    expect(groups.map(groupLives)).toEqual([true, true, true, true]);
  });
});
