import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { endOrphansBelow, endOrphansOf, findOrphanedAccounts } from '../../src/script/orphans.ts';
import { groupLives, signalGroup } from '../../src/script/process-group.ts';
import { readProcess, systemTable } from '../../src/script/process-table.ts';
import { makeRecord, RunRecords, removeRecord } from '../../src/script/run-record.ts';
import { exited, track } from '../support/children.ts';
import { ENDED_SERVICE, type LeftRun, startLeftRun } from '../support/left-run.ts';
import { eachLives, scriptFolder, until } from './contract.ts';

const files = scriptFolder();
afterAll(() => files.remove());

const base = `ou=${process.pid},dc=orphans`;
const dn = `uid=3724300,${base}`;
const account = { uid: '3724300', entryUUID: randomUUID(), base };
const OTHER_ENTRY = randomUUID();
const children: ChildProcess[] = [];
const records: string[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    signalGroup(child.pid!, 'SIGKILL');
    await exited(child);
  }
  for (const record of records.splice(0)) await removeRecord(record);
});

interface Left {
  readonly uid?: string;
  readonly entryUUID?: string;
  readonly dn?: string;
  /** Lines of shell before the script prints that it has started. */
  readonly body?: string;
}

/** Starts a script for the account, or for what `left` says. */
async function scriptOf(left: Left = {}, more: Partial<LeftRun> = {}): Promise<number> {
  const { uid = account.uid, entryUUID = account.entryUUID, body = '' } = left;
  const command = [files.sh(`${body}\necho started; while :; do sleep 0.05; done`)];
  const run = await startLeftRun({ base, account: { uid, entryUUID, dn: left.dn ?? dn }, command, ...more });
  return kept(run.child, run.record);
}

/** Starts a script with a child that leads its own session. */
async function scriptWithDaemon(more: Partial<LeftRun> = {}): Promise<{ group: number; daemon: number }> {
  const file = join(files.folder, 'daemon');
  const group = await scriptOf({ body: `setsid sleep 60 >/dev/null &\necho $! >${file}` }, more);
  const daemon = Number(readFileSync(file, 'utf8'));
  await until(async () => (await readProcess(daemon))?.session === daemon);
  return { group, daemon };
}

async function kept(child: ChildProcess, record?: string): Promise<number> {
  children.push(child);
  if (record !== undefined) records.push(record);
  await once(createInterface({ input: child.stdout! }), 'line');
  return child.pid!;
}

async function thisService() {
  return { pid: process.pid, startedAt: (await readProcess(process.pid))!.startedAt };
}

describe('ending the scripts that a dead service left behind', () => {
  it('ends the process group of the account, and says which', async () => {
    const group = await scriptOf({ body: 'sleep 60 &' });
    expect(await endOrphansOf(account, 5000)).toEqual([group]);
    expect(await groupLives(group)).toBe(false);
    expect(records.map(existsSync)).toEqual([false]);
    expect(await endOrphansOf(account, 5000)).toEqual([]);
  });

  it('kills, after the grace, what ignores SIGTERM', async () => {
    const group = await scriptOf({ body: 'trap "" TERM' });
    expect(await endOrphansOf(account, 100)).toEqual([group]);
    expect(await groupLives(group)).toBe(false);
  });

  it('tells a dead service from one that has the same pid now', async () => {
    const group = await scriptOf({}, { service: { pid: process.pid, startedAt: '1' } });
    expect(await endOrphansOf(account, 5000)).toEqual([group]);
  });

  it('finds a script whose launcher died before it could write down who leads it', async () => {
    const { group, daemon } = await scriptWithDaemon({ led: false });
    expect(await endOrphansOf(account, 5000)).toEqual([group]);
    expect(await groupLives(group)).toBe(false);
    expect(signalGroup(daemon, 'SIGKILL')).toBe(true);
  });

  it('recognises the account if its entry was moved within the base, renamed, or created again', async () => {
    const groups = [
      await scriptOf({ dn: `uid=${account.uid},ou=old,${base}` }),
      await scriptOf({ uid: '3724309', dn: `uid=3724309,${base}` }),
      await scriptOf({ entryUUID: OTHER_ENTRY }),
    ];
    expect((await endOrphansOf(account, 5000)).sort()).toEqual(groups.sort());
  });

  it('knows the accounts below a base, however that is written', async () => {
    const group = await scriptOf();
    const written = ` 2.5.4.11 = "${process.pid}" ;  DC=\\4Frphans`;
    expect(await endOrphansBelow('ou=others,dc=orphans', 5000)).toEqual([]);
    expect(await endOrphansBelow(base.slice(3), 5000)).toEqual([]);
    expect(await endOrphansBelow(written, 5000)).toEqual([group]);
  });

  it('names the accounts that dead services left scripts for, and no others', async () => {
    await scriptOf({ uid: '3724302' });
    await scriptOf({ uid: '3724303', entryUUID: OTHER_ENTRY }, { service: await thisService() });
    const found = await findOrphanedAccounts();
    expect(['3724302', account.entryUUID, '3724303', OTHER_ENTRY].map((name) => found.has(name))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('leaves alone the scripts of a living service, and of another account', async () => {
    const groups = [
      await scriptOf({}, { service: await thisService() }),
      await scriptOf({ uid: '3724301', entryUUID: OTHER_ENTRY, dn: `uid=3724301,${base}` }),
      await scriptOf({ entryUUID: OTHER_ENTRY, dn: `uid=${account.uid},${base},dc=org` }),
    ];
    expect(await endOrphansOf(account, 100)).toEqual([]);
    expect(await eachLives(groups)).toEqual([true, true, true]);
  });
});

/** Writes a record as a dead service would have, about another process. */
async function recordAbout(leader: string, header: object = {}): Promise<string> {
  const maker = new RunRecords(base);
  await maker.prepare();
  const { file, text } = maker.draft({ uid: account.uid, dn });
  const first = JSON.stringify({ ...JSON.parse(text), service: ENDED_SERVICE, ...header });
  const written = await makeRecord({ file, text: `${first}\n${leader}\n` });
  await written.close();
  records.push(file);
  return file;
}

describe('a process that no record proves to be of a script', () => {
  async function innocent(command: readonly string[] = ['sh', '-c', 'echo here; sleep 60']): Promise<number> {
    const [program = '', ...args] = command;
    return kept(track(spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] })));
  }

  it('is left alone if the pid of a script is reused, and the record of that script is removed', async () => {
    const group = await innocent();
    const record = await recordAbout(`${group} 1 2`);
    expect(await endOrphansBelow(base, 60_000)).toEqual([]);
    expect(await groupLives(group)).toBe(true);
    expect(existsSync(record)).toBe(false);
  });

  it('is left alone in a group without leader that has the number of a script, where it has not inherited the record', async () => {
    const { stdout } = spawnSync('setsid', ['--wait', files.sh('sleep 60 >/dev/null 2>&1 & echo "$$"')], {
      encoding: 'utf8',
    });
    const group = Number(stdout);
    await recordAbout(`${group} 1 2`);
    expect(await endOrphansBelow(base, 60_000)).toEqual([]);
    expect(signalGroup(group, 'SIGKILL')).toBe(true);
  });

  it.each([
    ['boot', { boot: randomUUID() }, false],
    ['pid namespace', { namespace: 'pid:[1]' }, true],
  ])('is left alone where the record is of another %s', async (_, header, isKept) => {
    const group = await innocent();
    const record = await recordAbout(`${group} 0 ${(await readProcess(group))?.startedAt}`, header);
    expect(await endOrphansBelow(base, 60_000)).toEqual([]);
    expect(await groupLives(group)).toBe(true);
    expect(existsSync(record)).toBe(isKept);
  });

  it.each(['', 'nonsense', '{}\n1 1\n', '{"format":2}\n'])('is left alone where a record says "%s"', async (text) => {
    const record = await recordAbout('');
    await writeFile(record, text);
    expect(await endOrphansBelow(base, 60_000)).toEqual([]);
    expect(existsSync(record)).toBe(true);
  });

  /**
   * Pretends to belong to a script. `pretend` has the marks by which a dead service's script or
   * launcher was recognised.
   */
  const PRETENDING = `#!/usr/bin/python3
import os, signal, sys
lines = [b"PROV_UID=3724300", b"PROV_DN=${dn}", b"PROV_ENTRY_UUID=${account.entryUUID}", b"PROV_SERVICE=4194303.1"]
if sys.argv[1] == "descriptor":
    record = os.memfd_create("prov-backup-rsnapshot")
    os.write(record, b"\\0".join(lines + [b"PROV_GROUP=%d" % os.getpgid(0)]) + b"\\0")
    os.dup2(record, 57, True)
    os.execv("/bin/sh", ["sh", "-c", "echo pretending; sleep 60"])
environment = dict(line.split(b"=", 1) for line in lines)
if sys.argv[1] == "launcher":
    environment[b"PROV_BASE"] = b"${base}"
os.execve("/bin/sh", ["prov-backup-rsnapshot: launcher", "-c", "echo pretending; sleep 60"], environment)
`;

  it.skipIf(process.getuid?.() !== 0).each(['descriptor', 'environment', 'launcher'])(
    'is left alone, and root processes in its group with it, where another user pretends by %s, and nothing waits for it',
    async (how) => {
      const program = files.script(PRETENDING);
      spawnSync('chmod', ['755', files.folder]);
      const asNobody = `setpriv --reuid=65534 --regid=65534 --clear-groups ${program} ${how}`;
      const group = await innocent(['sh', '-c', `sleep 60 & ${asNobody} & wait`]);
      const began = performance.now();
      expect(await endOrphansBelow(base, 60_000)).toEqual([]);
      expect(performance.now() - began).toBeLessThan(10_000);
      // Other tests that run at the same time may leave scripts of other accounts behind.
      expect((await findOrphanedAccounts()).has(account.entryUUID)).toBe(false);
      expect(await endOrphansOf(account, 60_000)).toEqual([]);
      expect(await groupLives(group)).toBe(true);
    },
  );

  it('delays nothing where the system gives no answer about it, and is left alone', async () => {
    const group = await scriptOf();
    const silent = new Promise<never>(() => {});
    const table = { ...systemTable, read: (pid: number) => (pid === group ? silent : systemTable.read(pid)) };
    expect(await endOrphansBelow(base, 60_000, table)).toEqual([]);
    expect(records.map(existsSync)).toEqual([true]);
    expect(await endOrphansBelow(base, 5000)).toEqual([group]);
  });

  it('is left alone as a daemon of a script that has left its group, which goes on without it', async () => {
    const { group, daemon } = await scriptWithDaemon();
    expect(await endOrphansBelow(base, 5000)).toEqual([group]);
    expect(signalGroup(daemon, 'SIGKILL')).toBe(true);
  });
});
