import { chmodSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { endOrphansBelow } from '../../src/script/orphans.ts';
import { groupLives, signalGroup } from '../../src/script/process-group.ts';
import { exited } from '../support/children.ts';
import { eachLives, scriptFolder, until } from './contract.ts';
import { type Driven, type Driving, drive, launchersOf } from './driver.ts';

const files = scriptFolder();
afterAll(() => files.remove());

const groups: number[] = [];
afterEach(() => {
  for (const group of groups.splice(0)) signalGroup(group, 'SIGKILL');
});

let bases = 0;
const newBase = () => `ou=${process.pid}-${++bases},dc=orphans`;

/**
 * A script that clears its environment, as Perl does when a program renames itself, and ends
 * slowly.
 */
const RENAMED = '#!/usr/bin/perl\n$| = 1; $0 = "renamed"; $SIG{TERM} = sub { select undef, undef, undef, 0.4; exit };';
const renamed = (first = '') => files.script(`${RENAMED}\n${first}print "group $$\\n"; sleep 1 while 1;\n`);

/** A child in the script's group that ignores SIGTERM and has none of the script's environment. */
const STUBBORN = `env -i sh -c 'trap "" TERM; echo "stubborn $$"; while :; do sleep 0.05; done' & echo "group $$"; wait`;

async function groupOf({ said }: Driven): Promise<number> {
  const group = await said('group');
  groups.push(group);
  return group;
}

/** Kills the service and its launcher, before the launcher can end anything. */
async function killAll({ service }: Driven): Promise<void> {
  const launchers = await launchersOf(service.pid!);
  for (const pid of launchers) process.kill(pid, 'SIGSTOP');
  service.kill('SIGKILL');
  await exited(service);
  for (const pid of launchers) process.kill(pid, 'SIGKILL');
  await until(async () => !(await eachLives(launchers)).includes(true));
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
      expect(await groupLives(group)).toBe(false);
    });

    it('is ended also where the script itself is gone and its child has an environment of its own', async () => {
      const { base, driven } = start(files.sh(STUBBORN));
      const group = await groupOf(driven);
      await driven.said('stubborn');
      await killAll(driven);
      process.kill(group, 'SIGTERM');
      expect(await endOrphansBelow(base, 100)).toEqual([group]);
      expect(await groupLives(group)).toBe(false);
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
      expect(await eachLives([group, daemon])).toEqual([true, true]);
    });
  },
);

describe('the launcher of a killed service', () => {
  it('is waited for until it has ended its scripts, whatever these have done to hide', async () => {
    const base = newBase();
    const driven = drive({ launcher: 'auto', script: renamed('use POSIX (); POSIX::close(57);'), base });
    const group = await groupOf(driven);
    const [pid] = await launchersOf(driven.service.pid!);
    driven.service.kill('SIGKILL');
    await exited(driven.service);
    await endOrphansBelow(base, 5000);
    expect(await eachLives([group, pid!])).toEqual([false, false]);
  });

  it('is killed where it does not end in time, and its scripts are ended in its place', async () => {
    const base = newBase();
    const driven = drive({ launcher: 'auto', script: renamed(), base });
    const group = await groupOf(driven);
    const [pid] = await launchersOf(driven.service.pid!);
    process.kill(pid!, 'SIGSTOP');
    driven.service.kill('SIGKILL');
    await exited(driven.service);
    expect(await endOrphansBelow(base, 100)).toEqual([group]);
    expect(await eachLives([group, pid!])).toEqual([false, false]);
  });

  it('is left alone where it worked for another base, or its service lives', async () => {
    const base = newBase();
    const driven = drive({ launcher: 'auto', script: renamed(), base });
    const group = await groupOf(driven);
    const [pid] = await launchersOf(driven.service.pid!);
    process.kill(pid!, 'SIGSTOP');
    expect(await endOrphansBelow(base, 100)).toEqual([]);
    driven.service.kill('SIGKILL');
    await exited(driven.service);
    expect(await endOrphansBelow(newBase(), 100)).toEqual([]);
    expect(await eachLives([group, pid!])).toEqual([true, true]);
    process.kill(pid!, 'SIGCONT');
    await until(async () => !(await eachLives([group, pid!])).includes(true));
  });
});

/** Tries to change or remove the record, and prints a line for each attempt that succeeds. */
const FORGER = `#!/usr/bin/python3
import os, time
own = "/proc/self/fd/57"
tries = [
    lambda: os.write(57, b"forged"),
    lambda: os.open(own, os.O_WRONLY),
    lambda: os.open(own, os.O_RDWR | os.O_APPEND),
    lambda: os.truncate(own, 0),
    lambda: os.ftruncate(57, 0),
    lambda: os.fchmod(57, 0o666),
    lambda: os.unlink(os.readlink(own)),
    lambda: os.link(own, "/tmp/forged", follow_symlinks=True),
]
print("held", len(os.read(57, 1)), flush=True)
for number, attempt in enumerate(tries):
    try:
        attempt()
        print("forged", number, flush=True)
    except OSError:
        pass
print("tried 1", flush=True)
time.sleep(60)
`;

describe.skipIf(process.getuid?.() !== 0).each(['auto', 'none'] as const)(
  'what runs as another user in a script (launcher: %s)',
  (launcher) => {
    it('cannot write to the record of the run, so that the script is ended when its service is killed', async () => {
      const forger = files.script(FORGER);
      chmodSync(files.folder, 0o755);
      const customer = `setpriv --reuid=65534 --regid=65534 --clear-groups ${forger}`;
      const script = files.sh(`${customer} & echo "group $$"; wait`);
      const base = newBase();
      const driven = drive({ launcher, script, base });
      const group = await groupOf(driven);
      expect(await driven.said('held')).toBe(1);
      await driven.said('tried');
      expect(driven.lines.filter((line) => line.startsWith('forged'))).toEqual([]);
      await killAll(driven);
      expect(await endOrphansBelow(base, 5000)).toEqual([group]);
      expect(await groupLives(group)).toBe(false);
    });
  },
);
