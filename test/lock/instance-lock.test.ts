import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LockRefused } from '../../src/lock/errors.ts';
import { lockFile } from '../../src/lock/flock.ts';
import { InstanceLock, type InstanceLockOptions } from '../../src/lock/instance-lock.ts';
import { LockTable } from '../../src/lock/lock-table.ts';
import { listProcesses } from '../../src/script/process-table.ts';
import { exited, track } from '../support/children.ts';
import { EntryConnection } from '../support/entry-connection.ts';

const BASE = 'ou=accounts,dc=example';
const TREE = { [BASE]: { entryUUID: 'b' }, 'dc=example': { entryUUID: 'a' } };

let temporary: string;
let folder: string;
let told: string[];
const locks: InstanceLock[] = [];
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'locks-'));
  folder = join(temporary, 'service', 'locks');
  mkdirSync(folder, { recursive: true });
  told = [];
});
afterEach(async () => {
  for (const lock of locks.splice(0)) await lock.release();
  rmSync(temporary, { recursive: true, force: true });
});

function newLock(options: Partial<InstanceLockOptions> = {}): InstanceLock {
  const lock = new InstanceLock(new LockTable(folder), {
    instances: 'one',
    base: BASE,
    recheckMilliseconds: 60_000,
    refused: (message) => told.push(message),
    notice: (message) => told.push(message),
    ...options,
  });
  locks.push(lock);
  return lock;
}

function latch(): { opened: Promise<void>; open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

const records = () => readdirSync(folder).filter((name) => name.endsWith('.lock'));

describe('a lock', () => {
  it('refuses a second service on the same entry, in whatever way its base is written, and says what to do', async () => {
    await newLock().admit(new EntryConnection(TREE));
    const second = newLock({ base: 'OU = Accounts , DC=Example' });
    await expect(second.admit(new EntryConnection(TREE, 'ldapi://%2Frun%2Fldapi'))).rejects.toThrow(LockRefused);
    expect(told).toEqual([
      expect.stringMatching(/runs on this host already: process \d+.*stop it first, or set instances/),
    ]);
    expect(told[0]).toContain(`process ${process.pid}`);
    expect(records()).toHaveLength(1);
  });

  it('goes by the DN, in any spelling, where the base may not be read', async () => {
    const hidden = (): EntryConnection => new EntryConnection({ [BASE]: 0 });
    await newLock().admit(hidden());
    const second = newLock({ base: '2.5.4.11=\\61ccounts; domainComponent=example' });
    await expect(second.admit(hidden())).rejects.toThrow(LockRefused);
    await expect(newLock().admit(new EntryConnection(TREE, 'ldap://other'))).rejects.toThrow(LockRefused);
  });

  it('refuses one above and one below, and admits one next to it', async () => {
    const beside = 'ou=other,dc=example';
    await newLock().admit(new EntryConnection(TREE));
    await expect(newLock({ base: 'dc=example' }).admit(new EntryConnection(TREE))).rejects.toThrow(LockRefused);
    const below = `ou=x,${BASE}`;
    const deeper = new EntryConnection({ ...TREE, [below]: { entryUUID: 'c' } });
    await expect(newLock({ base: below }).admit(deeper)).rejects.toThrow(LockRefused);
    await newLock({ base: beside }).admit(new EntryConnection({ ...TREE, [beside]: { entryUUID: 'd' } }));
  });

  it('is shared by several, and by none of them with one', async () => {
    await newLock({ instances: 'several' }).admit(new EntryConnection(TREE));
    await newLock({ instances: 'several' }).admit(new EntryConnection(TREE));
    await expect(newLock().admit(new EntryConnection(TREE))).rejects.toThrow('instances: several');
  });

  it('is free again after its release', async () => {
    const first = newLock();
    await first.admit(new EntryConnection(TREE));
    await first.release();
    expect(records()).toEqual([]);
    await newLock().admit(new EntryConnection(TREE));
  });

  it('is not taken by a service that was refused or has released it, on any connection', async () => {
    const first = newLock();
    await first.admit(new EntryConnection(TREE));
    const second = newLock();
    await expect(second.admit(new EntryConnection(TREE))).rejects.toThrow(LockRefused);
    await first.release();
    await expect(second.admit(new EntryConnection(TREE))).rejects.toThrow(LockRefused);
    await expect(first.admit(new EntryConnection(TREE))).rejects.toThrow(LockRefused);
    expect(told).toHaveLength(1);
  });

  it('fails, and is not refused, where the base cannot be searched', async () => {
    await expect(newLock().admit(new EntryConnection({}))).rejects.toMatchObject({ resultCode: 32 });
    expect(told).toEqual([]);
  });

  it('watches the server for silence while it asks, and not while it waits for other services', async () => {
    const lock = newLock();
    const connection = new EntryConnection(TREE);
    const answered = latch();
    connection.answering = answered.opened;
    const admitted = lock.admit(connection);
    expect(connection.isRefreshing).toBe(true);
    answered.open();
    await admitted;
    expect(connection.isRefreshing).toBe(false);
    expect(connection.asked).toEqual([BASE, 'dc=example']);
  });

  it('costs no more than the question on a connection that leads to the same base', async () => {
    const lock = newLock();
    await lock.admit(new EntryConnection(TREE));
    const before = records();
    await lock.admit(new EntryConnection(TREE));
    expect(records()).toEqual(before);
  });

  it('is created again after it was removed', async () => {
    const lock = newLock();
    await lock.admit(new EntryConnection(TREE));
    rmSync(folder, { recursive: true });
    await lock.admit(new EntryConnection(TREE));
    await expect(newLock().admit(new EntryConnection(TREE))).rejects.toThrow(LockRefused);
  });
});

describe('a base that is deleted and created again', () => {
  it('is locked as well on the next connection, and what was locked stays so', async () => {
    const lock = newLock();
    await lock.admit(new EntryConnection(TREE, 'ldap://one'));
    await lock.admit(new EntryConnection({ [BASE]: { entryUUID: 'new' } }, 'ldap://one'));
    expect(told).toEqual([
      `the lock was taken again: the base "${BASE}" is another entry now, entryUUID new on ldap://one:389`,
    ]);
    const old = new EntryConnection({ [BASE]: { entryUUID: 'b' } }, 'ldap://two');
    await expect(newLock().admit(old)).rejects.toThrow(LockRefused);
    const anew = new EntryConnection({ [BASE]: { entryUUID: 'new' } }, 'ldap://two');
    await expect(newLock().admit(anew)).rejects.toThrow(LockRefused);
  });

  it('ends a service whose base is somebody else by then', async () => {
    const first = newLock();
    await first.admit(new EntryConnection(TREE, 'ldap://one'));
    const anew = { [BASE]: { entryUUID: 'new' } };
    await newLock().admit(new EntryConnection(anew, 'ldap://two'));
    await expect(first.admit(new EntryConnection(anew, 'ldap://one'))).rejects.toThrow(LockRefused);
    expect(told).toEqual([expect.stringContaining('runs on this host already')]);
  });

  it('is noticed while the connection stands', async () => {
    const connection = new EntryConnection(TREE);
    await newLock({ recheckMilliseconds: 5 }).admit(connection);
    connection.change(BASE, 32);
    await vi.waitFor(() => expect(connection.asked.length).toBeGreaterThan(6));
    expect(told).toEqual([]);
    connection.change(BASE, { entryUUID: 'new' });
    await vi.waitFor(() => expect(told).toEqual([expect.stringContaining('entryUUID new')]));
    connection.close();
  });

  it('ends a service while the connection stands', async () => {
    const connection = new EntryConnection(TREE, 'ldap://one');
    await newLock({ recheckMilliseconds: 5 }).admit(connection);
    const anew = { [BASE]: { entryUUID: 'new' } };
    await newLock().admit(new EntryConnection(anew, 'ldap://two'));
    connection.change(BASE, { entryUUID: 'new' });
    await vi.waitFor(() => expect(told).toEqual([expect.stringContaining('runs on this host already')]));
    connection.close();
  });

  describe('is looked for', () => {
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    it('by one question at a time, and none where the connection has ended', async () => {
      const connection = new EntryConnection(TREE);
      await newLock({ recheckMilliseconds: 10 }).admit(connection);
      expect(connection.asked).toHaveLength(2);
      connection.answering = new Promise(() => {});
      await vi.advanceTimersByTimeAsync(50);
      expect(connection.asked).toHaveLength(4);
      connection.close();
      await vi.advanceTimersByTimeAsync(50);
      expect(connection.asked).toHaveLength(4);
    });

    it('not while a refresh is under way, which its answers would seem to further', async () => {
      const connection = new EntryConnection(TREE);
      await newLock({ recheckMilliseconds: 10 }).admit(connection);
      connection.refreshing(true);
      await vi.advanceTimersByTimeAsync(50);
      expect(connection.asked).toHaveLength(2);
      connection.refreshing(false);
      await vi.advanceTimersByTimeAsync(10);
      expect(connection.asked).toHaveLength(4);
    });

    it('on no connection that ended while the lock was taken', async () => {
      const connection = new EntryConnection(TREE);
      const others = latch();
      const entered = latch();
      const busy = new LockTable(folder).withMutex(() => {
        entered.open();
        return others.opened;
      });
      await entered.opened;
      const admitted = newLock({ recheckMilliseconds: 10 }).admit(connection);
      await vi.waitFor(async () => expect(await locking(join(folder, 'mutex'))).toBe(1), { timeout: 10_000 });
      connection.close();
      others.open();
      await Promise.all([busy, admitted]);
      await vi.advanceTimersByTimeAsync(50);
      expect(connection.asked).toHaveLength(2);
    });
  });

  it('gives the connection up where it cannot be locked for another reason than a service', async () => {
    const connection = new EntryConnection(TREE);
    await newLock({ recheckMilliseconds: 5 }).admit(connection);
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
    await vi.waitFor(() => expect(connection.ended.aborted).toBe(true));
    expect(connection.failure).toMatchObject({
      message: expect.stringContaining(`${folder} is not a folder`),
      remedy: expect.stringContaining('remove it'),
    });
  });
});

describe('a lock record', () => {
  it('that is not locked is removed, whatever it says', async () => {
    writeFileSync(join(folder, 'left.lock'), 'anything');
    await newLock().admit(new EntryConnection(TREE));
    expect(records()).toHaveLength(1);
    expect(existsSync(join(folder, 'left.lock'))).toBe(false);
  });

  it('that is locked and of another version refuses everybody', async () => {
    const table = new LockTable(folder);
    const own = await table.withMutex(() => table.add({ pid: 1, instances: 'several', base: BASE, paths: [] }));
    writeFileSync(own.file, '{"format":2}');
    await expect(newLock().admit(new EntryConnection(TREE))).rejects.toThrow(
      `of another version runs on this host already and holds ${own.file}`,
    );
    await table.remove(own);
  });

  it('can be read by its user alone', async () => {
    const table = new LockTable(folder);
    const own = await table.withMutex(() => table.add({ pid: 1, instances: 'several', base: BASE, paths: [] }));
    expect((await own.handle.stat()).mode & 0o777).toBe(0o600);
    await table.remove(own);
  });
});

describe('the mutex', () => {
  it('lets one at a time into the table, also where its file is removed meanwhile', async () => {
    const mutex = join(folder, 'mutex');
    const entered: string[] = [];
    /** Enters the table and stays there until `leave` is called. */
    const enter = async (name: string): Promise<{ leave: () => Promise<void> }> => {
      const inside = latch();
      const end = latch();
      const done = new LockTable(folder).withMutex(() => {
        entered.push(name);
        inside.open();
        return end.opened;
      });
      await inside.opened;
      return {
        leave: () => {
          end.open();
          return done;
        },
      };
    };
    const first = await enter('first');
    // They have opened the file that exists now. When they get its lock, it is gone.
    const waiting = ['second', 'third'].map((name) => enter(name).then(({ leave }) => leave()));
    await vi.waitFor(async () => expect(await locking(mutex)).toBe(2), { timeout: 10_000 });
    rmSync(mutex);
    const late = await enter('late');
    await first.leave();
    await vi.waitFor(async () => expect(await locking(mutex)).toBe(2), { timeout: 10_000 });
    expect(entered).toEqual(['first', 'late']);
    await late.leave();
    await Promise.all(waiting);
    expect(entered.slice(2).toSorted()).toEqual(['second', 'third']);
  });
});

/** The number of our processes that are about to lock the file at this path. */
async function locking(file: string): Promise<number> {
  const children = (await listProcesses()).filter(({ parent }) => parent === process.pid);
  return children.filter(({ pid }) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/3`) === file;
    } catch {
      return false; // it has ended
    }
  }).length;
}

describe('flock', () => {
  it('tells that it is missing, with what to do', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = folder;
    try {
      await expect(lockFile(1, 0)).rejects.toMatchObject({
        message: expect.stringContaining('ENOENT'),
        remedy: expect.stringContaining('install util-linux'),
      });
    } finally {
      process.env['PATH'] = path;
    }
  });
});

describe('services in processes of their own', () => {
  it('that start at once come to one that holds the lock', async () => {
    const holders = await Promise.all(Array.from({ length: 5 }, () => startHolder()));
    for (const { child } of holders) child.stdin?.write('go\n');
    const said = await Promise.all(holders.map(({ next }) => next()));
    expect(said.map((line) => line.split(' ')[0]).toSorted()).toEqual([
      'held',
      'refused',
      'refused',
      'refused',
      'refused',
    ]);
    await Promise.all(holders.map(end));
    expect(records()).toEqual([]);
  });

  it('leave nothing in the way when they are killed, though what they started lives on', async () => {
    const holder = await startHolder();
    holder.child.stdin?.write('go\n');
    const [word, left] = (await holder.next()).split(' ');
    expect(word).toBe('held');
    const connection = () => new EntryConnection({ [BASE]: { entryUUID: BASE } });
    await expect(newLock().admit(connection())).rejects.toThrow(LockRefused);
    holder.child.kill('SIGKILL');
    await exited(holder.child);
    await newLock().admit(connection());
    expect(records()).toHaveLength(1);
    process.kill(Number(left), 'SIGKILL');
  });
});

interface Holder {
  readonly child: ChildProcess;
  /** Resolves to its next line of output. */
  readonly next: () => Promise<string>;
}

async function startHolder(): Promise<Holder> {
  const file = join(import.meta.dirname, 'lock-holder.ts');
  const args = ['--import', 'tsx', file, folder, 'one', BASE];
  const child = track(spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] }));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => String((await lines.next()).value);
  expect(await next()).toBe('ready');
  return { child, next };
}

async function end({ child }: Holder): Promise<void> {
  child.stdin?.end();
  await once(child, 'exit');
}
