import { once } from 'node:events';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { endOrphansBelow } from '../../src/script/orphans.ts';
import { groupLives, signalGroup } from '../../src/script/process-group.ts';
import { scriptFolder, until } from './contract.ts';
import { type Driven, drive, launchersOf } from './driver.ts';

const files = scriptFolder();
afterAll(() => files.remove());

const groups: number[] = [];
afterEach(() => {
  for (const group of groups.splice(0)) signalGroup(group, 'SIGKILL');
});

let bases = 0;
const newBase = () => `ou=${process.pid}-${++bases},dc=orphans`;

/** A script that blanks its environment as Perl does for whoever renames itself, and takes its time to end. */
const RENAMED = '#!/usr/bin/perl\n$| = 1; $0 = "renamed"; $SIG{TERM} = sub { select undef, undef, undef, 0.4; exit };';
const renamed = (first = '') => files.script(`${RENAMED}\n${first}print "group $$\\n"; sleep 1 while 1;\n`);

async function groupOf({ said }: Driven): Promise<number> {
  const group = await said('group');
  groups.push(group);
  return group;
}

describe('the launcher of a killed service', () => {
  it('is waited for until it has ended its scripts, whatever these have done to hide', async () => {
    const base = newBase();
    const driven = drive({ launcher: 'auto', script: renamed('use POSIX (); POSIX::close(57);'), base });
    const group = await groupOf(driven);
    const [pid] = launchersOf(driven.service.pid!);
    driven.service.kill('SIGKILL');
    await once(driven.service, 'close');
    await endOrphansBelow(base, 5000);
    expect([group, pid!].map(groupLives)).toEqual([false, false]);
  });

  it('is left alone where it worked for another base, or its service lives', async () => {
    const base = newBase();
    const driven = drive({ launcher: 'auto', script: renamed(), base });
    const group = await groupOf(driven);
    const [pid] = launchersOf(driven.service.pid!);
    process.kill(pid!, 'SIGSTOP');
    expect(await endOrphansBelow(base, 100)).toEqual([]);
    driven.service.kill('SIGKILL');
    await once(driven.service, 'close');
    expect(await endOrphansBelow(newBase(), 100)).toEqual([]);
    expect([group, pid!].map(groupLives)).toEqual([true, true]);
    process.kill(pid!, 'SIGCONT');
    await until(() => !groupLives(group) && !groupLives(pid!));
  });
});
