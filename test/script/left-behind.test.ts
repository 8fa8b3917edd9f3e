import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { endOrphansBelow } from '../../src/script/orphans.ts';
import { groupLives, signalGroup } from '../../src/script/process-group.ts';
import { exited } from '../support/children.ts';
import { scriptFolder, until } from './contract.ts';
import { type Driven, type Driving, drive, launchersOf } from './driver.ts';

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

/** A child in the script's group that ignores SIGTERM and has nothing of its environment. */
const STUBBORN = `env -i sh -c 'trap "" TERM; echo "stubborn $$"; while :; do sleep 0.05; done' & echo "group $$"; wait`;

async function groupOf({ said }: Driven): Promise<number> {
  const group = await said('group');
  groups.push(group);
  return group;
}

/** Kills the service; its launcher as well, before that can end anything. */
async function killAll({ service }: Driven): Promise<void> {
  const launchers = launchersOf(service.pid!);
  for (const pid of launchers) process.kill(pid, 'SIGSTOP');
  service.kill('SIGKILL');
  await exited(service);
  for (const pid of launchers) process.kill(pid, 'SIGKILL');
  await until(() => !launchers.some(groupLives));
}

describe.each(['auto', 'none'] as const)(
  'what a killed service left running (launcher: %s, killed too)',
  (launcher) => {
    const start = (script: string, more: Partial<Driving> = {}) => {
      const base = newBase();
      return { base, driven: drive({ launcher, script, base, ...more }) };
    };

    it('is ended also where the script has blanked its environment', async () => {
      const { base, driven } = start(renamed());
      const group = await groupOf(driven);
      await killAll(driven);
      expect(await endOrphansBelow(newBase(), 5000)).toEqual([]);
      expect(await endOrphansBelow(base, 5000)).toEqual([group]);
      expect(groupLives(group)).toBe(false);
    });

    it('is ended also where the script itself is gone and its child has an environment of its own', async () => {
      const { base, driven } = start(files.sh(STUBBORN));
      const group = await groupOf(driven);
      await driven.said('stubborn');
      await killAll(driven);
      process.kill(group, 'SIGTERM');
      expect(await endOrphansBelow(base, 100)).toEqual([group]);
      expect(groupLives(group)).toBe(false);
    });

    it('is ended also where the service died while it ended a script that had not kept to its time', async () => {
      const script = files.sh(`trap 'echo "asked 1"; exit 0' TERM\n${STUBBORN}`);
      const { base, driven } = start(script, { timeoutMilliseconds: 1500, killGraceMilliseconds: 60_000 });
      const group = await groupOf(driven);
      await driven.said('stubborn');
      await driven.said('asked');
      await killAll(driven);
      expect(await endOrphansBelow(base, 100)).toEqual([group]);
    });

    it('is left alone where the script had ended: in its process group, and out of it', async () => {
      const tellDaemon = 'until [ "$(cut -d " " -f 5 /proc/$!/stat)" = $! ]; do sleep 0.01; done; echo "daemon $!"';
      const script = files.sh(`sleep 60 & echo "group $$"; setsid sleep 60 & ${tellDaemon}`);
      const { base, driven } = start(script);
      const group = await groupOf(driven);
      const daemon = await driven.said('daemon');
      groups.push(daemon);
      await exited(driven.service);
      expect(driven.lines.at(-1)).toContain('exited');
      expect(await endOrphansBelow(base, 100)).toEqual([]);
      expect([group, daemon].map(groupLives)).toEqual([true, true]);
    });
  },
);

describe('the launcher of a killed service', () => {
  it('is waited for until it has ended its scripts, whatever these have done to hide', async () => {
    const base = newBase();
    const driven = drive({ launcher: 'auto', script: renamed('use POSIX (); POSIX::close(57);'), base });
    const group = await groupOf(driven);
    const [pid] = launchersOf(driven.service.pid!);
    driven.service.kill('SIGKILL');
    await exited(driven.service);
    await endOrphansBelow(base, 5000);
    expect([group, pid!].map(groupLives)).toEqual([false, false]);
  });

  it('is killed where it does not end in time, and its scripts are ended in its place', async () => {
    const base = newBase();
    const driven = drive({ launcher: 'auto', script: renamed(), base });
    const group = await groupOf(driven);
    const [pid] = launchersOf(driven.service.pid!);
    process.kill(pid!, 'SIGSTOP');
    driven.service.kill('SIGKILL');
    await exited(driven.service);
    expect(await endOrphansBelow(base, 100)).toEqual([group]);
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
    await exited(driven.service);
    expect(await endOrphansBelow(newBase(), 100)).toEqual([]);
    expect([group, pid!].map(groupLives)).toEqual([true, true]);
    process.kill(pid!, 'SIGCONT');
    await until(() => !groupLives(group) && !groupLives(pid!));
  });
});
