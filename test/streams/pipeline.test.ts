import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { HandlerOutcome, RunHandler } from '../../src/domain/job.ts';
import { accountToSettle } from '../../streams/account-to-settle.ts';
import { fakeTimeStages } from '../support/fake-time-stages.ts';
import { MemoryDirectory } from '../support/memory-directory.ts';
import { failed, Stage, SUCCEEDED } from '../support/stage.ts';
import { LEASE } from '../support/stage-leases.ts';

const FINISHED = { sstProvisioningMode: 'added', sstProvisioningState: '20260101T000000Z' };

const world = fakeTimeStages();
const { start, pass } = world;
let directory: MemoryDirectory;

beforeEach(() => {
  directory = world.directory;
});

/** A script that takes this many milliseconds. */
const takes =
  (milliseconds: number, outcome: HandlerOutcome = SUCCEEDED): RunHandler =>
  () =>
    new Promise((resolve) => setTimeout(() => resolve(outcome), milliseconds));

/** A script that runs until it is told to end. */
const untilAborted: RunHandler = (_, { signal }) =>
  new Promise((resolve) => {
    const end = () => resolve({ ...failed(1), aborted: true } as HandlerOutcome);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
  });

const modesRun = (stage: Stage) => stage.jobs.map(({ mode, record }) => `${mode} ${record.uid}`);

describe('the stream', () => {
  it('leads an account from the write to the finished state, each step told in order', async () => {
    const stage = start();
    directory.create('a');
    await pass(100);
    expect(directory.mode('a')).toBe('added');
    expect(stage.told).toEqual(['connected', 'refreshing', 'refreshed', 'received', 'queued', 'claimed', 'finished']);
    expect(stage.open.size).toBe(0);
  });

  it('takes up nothing new while it is paused, ends what runs, and goes on from there', async () => {
    const stage = start({ concurrency: 1, runHandler: takes(1_000) });
    for (const uid of ['a', 'b', 'c']) directory.create(uid);
    await pass(100);
    stage.gate.pause({ by: 'operator', holds: 'everything', reason: 'the disk is replaced' });
    directory.create('d');
    await pass(120_000);
    expect(directory.mode('a')).toBe('added');
    expect(['b', 'c', 'd'].map((uid) => directory.mode(uid))).toEqual(['add', 'add', 'add']);
    expect(stage.accounts.counts()).toMatchObject({ inWork: 0, queued: 3 });
    directory.write('b', { sstProvisioningMode: 'modify' });
    await pass(1_000);
    stage.gate.resume('operator');
    await pass(5_000);
    expect(modesRun(stage)).toEqual(['add a', 'modify b', 'add c', 'add d']);
    expect(stage.told.filter((name) => name === 'paused' || name === 'resumedWork')).toEqual(['paused', 'resumedWork']);
  });

  it('holds another attempt while it is paused, but writes the outcome of one that has ended', async () => {
    const codes = [75, 0];
    const stage = start({ runHandler: (job, context) => takes(10, outcome(codes.shift()))(job, context) });
    const outcome = (code = 0) => (code === 0 ? SUCCEEDED : failed(code));
    directory.create('a');
    await pass(100);
    stage.gate.pause({ by: 'switch', holds: 'everything', reason: 'FALSE' });
    await pass(60_000);
    expect(stage.jobs).toHaveLength(1);
    stage.gate.resume('switch');
    await pass(1_000);
    expect(directory.mode('a')).toBe('added');
    expect(stage.jobs.map(({ attempt }) => attempt)).toEqual([1, 2]);
  });

  it('does not claim what waits for the directory when the pause begins', async () => {
    const stage = start();
    await pass(100);
    directory.create('a');
    stage.cutOff();
    await pass(1_000);
    stage.gate.pause({ by: 'operator', holds: 'everything', reason: 'r' });
    stage.connect();
    await pass(20_000);
    expect(directory.mode('a')).toBe('add');
    expect(stage.jobs).toEqual([]);
    stage.gate.resume('operator');
    await pass(1_000);
    expect(directory.mode('a')).toBe('added');
  });

  it('writes the failure of what an operator cancels, ends nothing else, and tries it no more', async () => {
    const cancelled: RunHandler = (_, { signal }) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve({ ...failed(1), retry: 'permanent' } as HandlerOutcome));
      });
    const stage = start({ runHandler: cancelled });
    directory.create('a');
    directory.create('b');
    await pass(100);
    expect(stage.accounts.handlers.cancel('x', undefined)).toBe(false);
    expect(stage.accounts.handlers.cancel('A', undefined)).toBe(true);
    expect(stage.accounts.handlers.cancel('a', undefined)).toBe(false);
    await pass(60_000);
    expect(directory.value('a', 'sstProvisioningReturnValue')).toBe('1');
    expect(stage.jobs).toHaveLength(2);
    expect(stage.accounts.counts()).toMatchObject({ failed: 1, inWork: 1 });
    directory.write('a', { sstProvisioningMode: 'modify' });
    await pass(100);
    expect(stage.jobs).toHaveLength(3);
  });

  it('tells once that an account has left which is deleted while it is claimed', async () => {
    const stage = start();
    await pass(100);
    directory.create('a');
    directory.remove('a');
    await pass(1_000);
    expect(stage.events.filter(({ event }) => event === 'left')).toMatchObject([{ uid: 'a', why: 'deleted' }]);
  });

  it('resumes what was interrupted, however long it waits for a slot, as no other service has begun it', async () => {
    directory.create('b');
    directory.create('a', { sstProvisioningMode: 'adding' });
    const stage = start({ concurrency: 1, runHandler: takes(200_000) });
    await pass(410_000);
    expect(modesRun(stage)).toEqual(['add b', 'add a']);
    expect(directory.mode('a')).toBe('added');
    expect(stage.told).not.toContain('conflict');
  });

  describe('of an account that an operator settles', () => {
    const settle = (stage: Stage, code: number) => {
      const found = accountToSettle(stage.accounts, 'a');
      if (typeof found === 'string') throw new Error(found);
      stage.settled$.next({ ...found, fresh: false, settlement: { code, who: 'alice (1000)' } });
    };

    it('finishes one that has failed, or fails it with another code, and runs nothing', async () => {
      const stage = start({ runHandler: async () => failed(6) });
      directory.create('a');
      await pass(100);
      settle(stage, 4);
      await pass(100);
      expect(directory.value('a', 'sstProvisioningReturnValue')).toBe('4');
      expect(stage.events.at(-1)).toMatchObject({ event: 'failed', returnValue: 4, cause: 'settled by alice (1000)' });
      settle(stage, 0);
      await pass(100);
      expect(directory.mode('a')).toBe('added');
      expect(directory.value('a', 'sstProvisioningReturnValue')).toBe('0');
      expect(stage.events.at(-1)).toMatchObject({ event: 'finished', settledBy: 'alice (1000)' });
      expect(stage.jobs).toHaveLength(1);
      expect(accountToSettle(stage.accounts, 'a')).toBe('it is no open account that this service knows');
      expect(stage.replayed().differences).toEqual([]);
    });

    it('takes one in its pause before another attempt, or held by a pause of the service', async () => {
      const stage = start({ runHandler: async () => failed(75) });
      directory.create('a');
      await pass(100);
      stage.gate.pause({ by: 'operator', holds: 'everything', reason: 'r' });
      await pass(60_000);
      expect(stage.accounts.counts()).toMatchObject({ queued: 1 });
      settle(stage, 0);
      await pass(100);
      expect(directory.mode('a')).toBe('added');
      expect(stage.told).not.toContain('superseded');
      expect(stage.jobs).toHaveLength(1);
    });

    it('is done under the lease of its uid, with several services', async () => {
      const runHandler = async () => failed(6);
      const [stage, other] = [start({ instances: 'several', runHandler }), start({ instances: 'several', runHandler })];
      directory.create('a');
      await pass(1_000);
      settle(stage, 0);
      await pass(1_000);
      expect(directory.mode('a')).toBe('added');
      expect(stage.leases + other.leases).toBe(0);
      expect(stage.jobs.length + other.jobs.length).toBe(1);
      expect(other.accounts.counts()).toMatchObject({ open: 0 });
    });

    it('is refused where a handler runs, or nothing has begun', async () => {
      const stage = start({ runHandler: takes(1_000) });
      directory.create('a');
      await pass(100);
      expect(accountToSettle(stage.accounts, 'a')).toMatch(/^it is in work; cancel/);
      stage.gate.pause({ by: 'operator', holds: 'everything', reason: 'r' });
      directory.create('b');
      await pass(2_000);
      expect(accountToSettle(stage.accounts, 'b')).toBe('it asks for add, which has not begun');
    });

    it('is kept while it waits for a slot, over lists and a reconnect, and runs nothing', async () => {
      directory.create('b');
      directory.create('a', { sstProvisioningMode: 'adding' });
      const stage = start({ concurrency: 1, runHandler: takes(200_000) });
      await pass(100);
      settle(stage, 0);
      await pass(70_000);
      directory.cut();
      await pass(200_000);
      expect(modesRun(stage)).toEqual(['add b']);
      expect(stage.events.at(-1)).toMatchObject({ event: 'finished', uid: 'a', settledBy: 'alice (1000)' });
    });

    it('overwrites no newer request', async () => {
      const stage = start({ runHandler: async () => failed(6) });
      directory.create('a');
      await pass(100);
      const found = accountToSettle(stage.accounts, 'a');
      directory.write('a', { sstProvisioningMode: 'modify' });
      await pass(100);
      if (typeof found === 'string') throw new Error(found);
      stage.gate.pause({ by: 'operator', holds: 'everything', reason: 'r' });
      directory.write('a', { sstProvisioningMode: 'add' });
      stage.settled$.next({ ...found, fresh: false, settlement: { code: 0 } });
      await pass(1_000);
      expect(directory.mode('a')).toBe('add');
    });
  });

  it('stops at more deletes than the brake allows, goes on with the rest, and with them when resumed', async () => {
    const stage = start({ brake: { deletes: 2, within: 60_000 }, runHandler: takes(50) });
    for (const uid of ['a', 'b', 'c', 'd', 'e'])
      directory.create(uid, { sstProvisioningMode: 'delete', sstIsActive: 'FALSE' });
    await pass(1_000);
    directory.create('f');
    await pass(120_000);
    expect(modesRun(stage)).toEqual(['delete a', 'delete b', 'add f']);
    expect(stage.gate.pauses()).toMatchObject([{ by: 'brake', holds: 'deletes' }]);
    stage.gate.resume('brake');
    await pass(1_000);
    expect(modesRun(stage).slice(3)).toEqual(['delete c', 'delete d']);
    expect(directory.mode('e')).toBe('delete');
    stage.gate.resume('brake');
    await pass(1_000);
    expect(directory.mode('e')).toBe('deleted');
    expect(stage.gate.pauses()).toEqual([]);
  });

  it('lets deletes that are far enough apart, and another attempt at one, pass the brake', async () => {
    const codes = [75, 0];
    const outcome = (code = 0) => (code === 0 ? SUCCEEDED : failed(code));
    const stage = start({ brake: { deletes: 1, within: 60_000 }, runHandler: async () => outcome(codes.shift()) });
    const DELETE = { sstProvisioningMode: 'delete', sstIsActive: 'FALSE' };
    directory.create('a', DELETE);
    await pass(30_000);
    expect(directory.mode('a')).toBe('deleted');
    await pass(40_000);
    directory.create('b', DELETE);
    await pass(1_000);
    expect(directory.mode('b')).toBe('deleted');
    expect(stage.told).not.toContain('paused');
  });

  it('may be drained while it is paused', async () => {
    const stage = start();
    stage.gate.pause({ by: 'operator', holds: 'everything', reason: 'r' });
    directory.create('a');
    await pass(1_000);
    stage.drain();
    await pass(1_000);
    expect(stage.ended).toBe('complete');
  });

  it('writes nothing to an account that the host objects to, says so, and looks again with each list', async () => {
    let reason: string | undefined = 'this host knows a by the number 33';
    const stage = start({ objection: (uid) => (uid === 'a' ? reason : undefined), reconcileMilliseconds: 1_000 });
    directory.create('a');
    directory.create('b');
    await pass(100);
    expect(directory.mode('b')).toBe('added');
    expect(directory.mode('a')).toBe('add');
    expect(stage.events).toContainEqual(expect.objectContaining({ event: 'skipped', uid: 'a', reason }));
    await pass(2_000);
    expect(modesRun(stage)).toEqual(['add b']);
    reason = undefined;
    await pass(2_000);
    expect(directory.mode('a')).toBe('added');
  });

  it('tells that an attempt is superseded which a newer request finds waiting for a slot', async () => {
    let runs = 0;
    const stage = start({ concurrency: 1, runHandler: (job, context) => takes(...script(++runs))(job, context) });
    const script = (run: number): [number, HandlerOutcome] => (run === 1 ? [10, failed(75)] : [8_000, SUCCEEDED]);
    directory.create('a');
    await pass(1_000);
    directory.create('b');
    await pass(6_000);
    expect(stage.load).toEqual({ running: 1, waiting: 1 });
    directory.write('a', { sstProvisioningMode: 'modify' });
    await pass(20_000);
    expect(stage.told.filter((name) => name === 'superseded')).toHaveLength(1);
    expect(directory.mode('a')).toBe('modified');
  });

  it('takes its own echoes for no news', async () => {
    const stage = start({ runHandler: takes(50, failed(5)) });
    directory.create('a');
    await pass(200_000);
    expect(stage.told.filter((name) => name === 'received')).toHaveLength(1);
    expect(stage.jobs).toHaveLength(1);
  });

  it.each([null, 'sstProvisioningReturnValue'])(
    'runs a failed script once, though its return value (%s) cannot be noted',
    async (returnValue) => {
      if (returnValue !== null) directory.unfit.set(returnValue.toLowerCase(), 17);
      const { names } = new Stage({ directory }).dependencies;
      const stage = start({ names: { ...names, returnValue }, runHandler: takes(50, failed(5)) });
      directory.create('a');
      await pass(200_000);
      expect(stage.jobs).toHaveLength(1);
    },
  );

  it('works on what was open before it started, and on what was interrupted, but not on what failed', async () => {
    directory.create('a');
    directory.create('b', { sstProvisioningMode: 'modifying' });
    directory.create('c', { sstProvisioningMode: 'adding', sstProvisioningReturnValue: '5' });
    directory.create('d', FINISHED);
    directory.create('e', { sstProvisioningMode: 'initialized' });
    const stage = start();
    await pass(100);
    expect(stage.jobs.map(({ record, resumed }) => [record.uid, resumed]).sort()).toEqual([
      ['a', false],
      ['b', true],
    ]);
    expect(stage.events.find(({ event }) => event === 'skipped')).toMatchObject({ uid: 'c', returnValue: 5 });
  });

  it('runs the requests for one uid in order, the newest last, and none of them twice', async () => {
    const stage = start({ runHandler: takes(1_000) });
    directory.create('a');
    await pass(500);
    directory.write('a', { sstProvisioningMode: 'modify' });
    directory.write('a', { sstProvisioningMode: 'delete', sstIsActive: 'FALSE' });
    await pass(5_000);
    expect(modesRun(stage)).toEqual(['add a', 'delete a']);
    expect(directory.mode('a')).toBe('deleted');
    expect(stage.told).toContain('superseded');
  });

  it('does not work on an entry under its new uid while the script for the old one runs', async () => {
    const stage = start({ runHandler: takes(1_000) });
    directory.create('a');
    await pass(500);
    directory.rename('a', 'b');
    directory.write('b', { sstProvisioningMode: 'modify' });
    await pass(400);
    expect(modesRun(stage)).toEqual(['add a']);
    await pass(5_000);
    expect(modesRun(stage)).toEqual(['add a', 'modify b']);
    expect(directory.mode('b')).toBe('modified');
  });

  it('waits until a delete is for an inactive account', async () => {
    const stage = start();
    directory.create('a', { sstProvisioningMode: 'delete' });
    await pass(100_000);
    expect(stage.jobs).toEqual([]);
    expect(stage.told.filter((name) => name === 'waiting')).toHaveLength(1);
    directory.write('a', { sstIsActive: 'FALSE' });
    await pass(100);
    expect(directory.mode('a')).toBe('deleted');
  });

  it('defers to the day, reads the account again on it, and needs no further write', async () => {
    let today = '20261123';
    const stage = start({ today: () => today });
    directory.create('a', { sstProvisioningDate: '20261124', sstQuota: '1' });
    await pass(60_000);
    expect(stage.events.find(({ event }) => event === 'deferred')).toMatchObject({ until: '20261124' });
    directory.write('a', { sstQuota: '2' });
    expect(stage.jobs).toEqual([]);
    today = '20261124';
    await pass(2_000);
    expect(stage.jobs[0]?.entry.values('sstQuota')[0]?.toString()).toBe('2');
    expect(directory.mode('a')).toBe('added');
  });

  it('forgets a deferred account that left, and one that was postponed keeps to the newer day', async () => {
    let today = '20261123';
    const stage = start({ today: () => today });
    directory.create('a', { sstProvisioningDate: '20261124' });
    directory.create('b', { sstProvisioningDate: '20261124' });
    directory.remove('a');
    directory.write('b', { sstProvisioningDate: '20261125' });
    today = '20261124';
    await pass(5_000);
    expect(stage.jobs).toEqual([]);
    today = '20261125';
    await pass(5_000);
    expect(modesRun(stage)).toEqual(['add b']);
  });

  it('repeats after a pause what the script asks to repeat, and lets the others pass meanwhile', async () => {
    const outcomes = [failed(75), SUCCEEDED, SUCCEEDED];
    const stage = start({ concurrency: 1, runHandler: () => Promise.resolve(outcomes.shift() ?? SUCCEEDED) });
    directory.create('a');
    directory.create('b');
    await pass(4_000);
    expect(modesRun(stage)).toEqual(['add a', 'add b']);
    await pass(2_000);
    expect(directory.mode('a')).toBe('added');
    expect(stage.jobs.at(-1)).toMatchObject({ attempt: 2, resumed: false });
  });

  it('keeps to the pause whatever else is changed about the account meanwhile', async () => {
    const stage = start({ runHandler: takes(0, failed(75)) });
    directory.create('a');
    await pass(1_000);
    directory.write('a', { sstIsActive: 'FALSE' });
    directory.write('a', { sstQuota: '7' });
    await pass(3_000);
    expect(stage.jobs).toHaveLength(1);
    expect(stage.told).not.toContain('superseded');
    await pass(2_000);
    expect(stage.jobs.map(({ attempt }) => attempt)).toEqual([1, 2]);
  });

  it('serves a newer request at once though the older one pauses', async () => {
    const outcomes = [failed(75)];
    const stage = start({ runHandler: () => Promise.resolve(outcomes.shift() ?? SUCCEEDED) });
    directory.create('a');
    await pass(1_000);
    directory.write('a', { sstProvisioningMode: 'modify' });
    await pass(100);
    expect(directory.mode('a')).toBe('modified');
    expect(stage.told).toContain('superseded');
    await pass(60_000);
    expect(modesRun(stage)).toEqual(['add a', 'modify a']);
  });

  it('tells that a deferred account is queued also where the list is the first to find it due', async () => {
    let today = '20261123';
    const stage = start({ today: () => today, reconcileMilliseconds: 60_000 });
    directory.create('a', { sstProvisioningDate: '20261124' });
    await pass(59_500);
    today = '20261124';
    await pass(510);
    expect(stage.told).toEqual(expect.arrayContaining(['deferred', 'queued', 'claimed', 'finished']));
    expect(stage.told.filter((name) => name === 'queued')).toHaveLength(1);
  });

  it.each([51, 53, 80])(
    'lets the others pass while the directory answers %i to the claim, or to the outcome, of some',
    async (code) => {
      const stage = start({ concurrency: 2 });
      directory.fault = ({ kind, dn, modifications }) => {
        const finishes = modifications.some(({ values }) => values.includes('added'));
        const isBad = dn.startsWith('uid=bad') || (dn.startsWith('uid=late') && finishes);
        return kind === 'modify' && isBad ? { code } : undefined;
      };
      for (const uid of ['bad1', 'bad2', 'late1', 'late2', 'bad3', 'good']) directory.create(uid);
      await pass(1_000);
      expect(directory.mode('good')).toBe('added');
      expect(directory.mode('late1')).toBe('adding');
      directory.fault = () => undefined;
      await pass(20_000);
      expect(directory.entries().map((entry) => String(entry.values('sstProvisioningMode')))).toEqual(
        Array.from({ length: 6 }, () => 'added'),
      );
      expect(stage.jobs).toHaveLength(6);
    },
  );

  it('does not mix the attempts of an older request with those of a newer one', async () => {
    const stage = start({
      runHandler: (job, context) => {
        if (job.mode === 'add') return takes(50, failed(75))(job, context);
        return takes(6_000, failed(75))(job, context);
      },
    });
    directory.create('a');
    await pass(10);
    directory.write('a', { sstProvisioningMode: 'modify' });
    await pass(100_000);
    expect(stage.jobs.map(({ mode, attempt }) => `${mode} ${attempt}`)).toEqual([
      'add 1',
      'modify 1',
      'modify 2',
      'modify 3',
    ]);
    expect(stage.told.filter((name) => name === 'superseded')).toHaveLength(1);
    expect(directory.value('a', 'sstProvisioningReturnValue')).toBe('75');
  });

  it('keeps to a pause, and to an outcome, whatever was seen of the account while its claim waited', async () => {
    const outcomes = [failed(75), SUCCEEDED];
    const stage = start({ runHandler: (job, context) => takes(10, outcomes.shift() ?? SUCCEEDED)(job, context) });
    let refused = true;
    directory.fault = ({ modifications }) => {
      if (modifications.some(({ values }) => values.includes('added'))) return refused ? { code: 50 } : undefined;
      return refused ? { code: 51 } : undefined;
    };
    directory.create('a');
    await pass(50);
    directory.cut();
    await pass(1_000);
    directory.fault = ({ modifications }) =>
      refused && modifications.some(({ values }) => values.includes('added')) ? { code: 50 } : undefined;
    await pass(2_000);
    expect(stage.jobs).toHaveLength(1);
    await pass(6_000);
    expect(stage.jobs.map(({ attempt }) => attempt)).toEqual([1, 2]);
    refused = false;
    await pass(60_000);
    expect(stage.jobs).toHaveLength(2);
    expect(directory.mode('a')).toBe('added');
  });

  it('takes up nothing more that still waits for its claim when it is drained', async () => {
    const stage = start({ concurrency: 2 });
    directory.fault = ({ kind }) => (kind === 'modify' ? { code: 53 } : undefined);
    for (const uid of ['a', 'b', 'c']) directory.create(uid);
    await pass(1_000);
    stage.drain();
    await pass(10);
    expect(stage.ended).toBe('complete');
    directory.fault = () => undefined;
    await pass(60_000);
    expect(stage.jobs).toEqual([]);
    expect(directory.mode('a')).toBe('add');
  });

  it('leaves an outcome that was refused once a newer request came', async () => {
    const stage = start({ runHandler: takes(50) });
    directory.fault = ({ modifications }) =>
      modifications.some(({ values }) => values.includes('added')) ? { code: 50 } : undefined;
    directory.create('a');
    await pass(20);
    directory.write('a', { sstProvisioningMode: 'add' });
    await pass(100);
    directory.fault = () => undefined;
    await pass(60_000);
    expect(modesRun(stage)).toEqual(['add a', 'add a']);
    expect(directory.mode('a')).toBe('added');
    expect(stage.told.filter((name) => name === 'finished')).toHaveLength(1);
  });

  it('serves a newer request that comes into sight while a refused outcome is examined', async () => {
    const stage = start({ runHandler: takes(50) });
    directory.travel = () => new Promise((resolve) => setTimeout(resolve, 10));
    directory.fault = ({ modifications }) =>
      modifications.some(({ values }) => values.includes('added')) ? { code: 50 } : undefined;
    directory.meanwhile = ({ kind }) => {
      if (kind !== 'read' || stage.jobs.length !== 1) return;
      directory.meanwhile = () => {};
      setTimeout(() => directory.write('a', { sstProvisioningMode: 'modify' }), 5);
    };
    directory.create('a');
    await pass(1_000);
    expect(modesRun(stage)).toEqual(['add a', 'modify a']);
    expect(directory.mode('a')).toBe('modified');
    expect(stage.told).toContain('superseded');
  });

  it('takes up again what stands in work though it was finished, as after a restore of the directory', async () => {
    const stage = start();
    directory.create('a');
    await pass(100);
    directory.cut();
    directory.write('a', { sstProvisioningMode: 'adding', sstProvisioningState: '0', sstProvisioningReturnValue: [] });
    await pass(1_000);
    expect(directory.mode('a')).toBe('added');
    expect(stage.jobs.map(({ resumed }) => resumed)).toEqual([false, true]);
  });

  it('takes up what somebody else set in work when that has been unchanged for as long as a handler may take', async () => {
    const stage = start();
    directory.create('a');
    await pass(2_000);
    directory.write('a', { sstProvisioningMode: 'adding', sstProvisioningState: '0', sstProvisioningReturnValue: [] });
    await pass(60_000);
    expect(directory.mode('a')).toBe('adding');
    const told = stage.events.filter(({ event }) => event === 'conflict');
    expect(told).toEqual([expect.objectContaining({ remedy: expect.stringContaining('instances: several') })]);
    await pass(21_000);
    expect(directory.mode('a')).toBe('added');
    expect(stage.jobs).toHaveLength(2);
  });

  it("leaves to its program what became another program's in a pause", async () => {
    const stage = start({ runHandler: takes(50, failed(75)) });
    directory.create('a');
    await pass(20);
    directory.write('a', { sstProvisioningMode: 'snapshot' });
    await pass(20_000);
    expect(stage.told).not.toContain('skipped');
    expect(directory.mode('a')).toBe('snapshot');
  });

  it('says which outcomes it could not write when it stops', async () => {
    const stage = start({ runHandler: takes(50) });
    directory.create('a');
    await pass(20);
    directory.away = true;
    await pass(1_000);
    stage.abort.abort(new Error('the grace is over'));
    stage.drain$.next();
    await pass(10);
    expect(stage.ended).toBe('complete');
    expect(stage.events).toContainEqual(
      expect.objectContaining({ event: 'skipped', reason: expect.stringContaining('the service stops before') }),
    );
  });

  // As 389 Directory Server does with persistent search.
  it.each(
    [0, 100, 5_000].flatMap((pause) =>
      [[0, 1, 2], [1, 0, 2], [2, 1, 0], [2, 0], [2], [1, 2, 0]].map((order) => ({ order, pause })),
    ),
  )(
    'works once on what was told late, in another order or not at all: $order of 0, 1, 2, $pause ms apart',
    async ({ order, pause }) => {
      const stage = start({ runHandler: takes(1_000) });
      await pass(100);
      const tells: Array<() => void> = [];
      directory.telling = (tell) => tells.push(tell);
      directory.create('a');
      directory.write('a', { sstProvisioningMode: 'delete', sstIsActive: 'FALSE' });
      directory.write('a', { sstProvisioningMode: 'modify' });
      directory.telling = (tell) => tell();
      for (const each of order) {
        tells[each]?.();
        await pass(pause);
      }
      await pass(5_000);
      expect(modesRun(stage)).toEqual(['modify a']);
      expect(directory.mode('a')).toBe('modified');
      // The account left before; the next list shows that again.
      await pass(60_000);
      expect(stage.open.size).toBe(0);
    },
  );

  it('finds by the list what the subscription never told', async () => {
    const stage = start({ reconcileMilliseconds: 10_000 });
    await pass(100);
    const { watch } = directory;
    directory.watch = () => watch.call(directory);
    const silent = new MemoryDirectory(() => Date.now());
    silent.create('lost');
    directory.list = (entry) => silent.list(entry);
    expect(stage.jobs).toEqual([]);
    directory.create('lost', FINISHED);
    await pass(11_000);
    expect(stage.events.find(({ event }) => event === 'received')).toMatchObject({ uid: 'lost', change: 'list' });
  });

  it('is not disturbed in a pause, nor in its outcome, by a list that began before the claim', async () => {
    let lists = 0;
    directory.travel = () => Promise.resolve();
    const list = directory.list.bind(directory);
    directory.list = async (entry) => {
      const held: Parameters<typeof entry>[0][] = [];
      await list((found) => held.push(found));
      lists += 1;
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      for (const found of held) entry(found);
    };
    const stage = start({ reconcileMilliseconds: 10_000, runHandler: takes(500, failed(75)) });
    setTimeout(() => {
      directory.create('a');
      directory.create('b');
    }, 9_999);
    directory.meanwhile = ({ kind, modifications }) => {
      if (kind === 'modify' && modifications.length === 0) throw new Error('nothing to do');
    };
    await pass(14_000);
    expect(lists).toBe(1);
    expect(stage.jobs).toHaveLength(2);
    expect(stage.told).not.toContain('superseded');
    expect(stage.told).not.toContain('conflict');
    expect(stage.told).not.toContain('left');
  });

  it('carries on after the connection was lost, with what was asked meanwhile', async () => {
    const stage = start();
    await pass(100);
    directory.away = true;
    directory.cut();
    directory.create('a');
    await pass(10_000);
    expect(stage.jobs).toEqual([]);
    directory.away = false;
    await pass(5_000);
    expect(directory.mode('a')).toBe('added');
    expect(stage.told.filter((name) => name === 'disconnected').length).toBeGreaterThan(1);
  });

  it('says of a dry run what it would do, and writes and runs nothing', async () => {
    const stage = start({ dryRun: true });
    directory.create('a');
    await pass(1_000);
    expect(directory.mode('a')).toBe('add');
    expect(stage.jobs).toEqual([]);
    expect(stage.events.at(-1)).toMatchObject({
      event: 'skipped',
      reason: 'dry run: would claim it and run the steps of add, as add is requested and due now',
    });
    expect(directory.operations.filter(({ kind }) => kind === 'modify')).toEqual([]);
  });

  it('finishes what runs when it is drained, takes up nothing new, and completes', async () => {
    const stage = start({ concurrency: 1, runHandler: takes(1_000) });
    directory.create('a');
    directory.create('b');
    directory.create('c', { sstProvisioningDate: '20270101' });
    await pass(500);
    stage.drain$.next();
    directory.create('d');
    expect(stage.load).toEqual({ running: 1, waiting: 0 });
    await pass(5_000);
    expect(stage.ended).toBe('complete');
    expect(directory.mode('a')).toBe('added');
    expect([directory.mode('b'), directory.mode('d')]).toEqual(['add', 'add']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('stays connected while it drains, so that the outcome can go to another server, and lets go at the end', async () => {
    const stage = start({ runHandler: takes(1_000) });
    directory.create('a');
    await pass(500);
    stage.drain$.next();
    directory.cut();
    await pass(300);
    const lost = stage.told.lastIndexOf('disconnected');
    expect(stage.told.slice(lost)).toEqual(['disconnected', 'reconnecting', 'connected', 'refreshing', 'refreshed']);
    await pass(500);
    expect(stage.ended).toBe('complete');
    expect(directory.watched).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('completes at once when it is aborted, and leaves what ran in work', async () => {
    const stage = start({
      runHandler: (_, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve({ ...failed(1), aborted: true } as HandlerOutcome));
        }),
    });
    directory.create('a');
    await pass(500);
    stage.abort.abort(new Error('now'));
    stage.drain$.next();
    await pass(0);
    expect(stage.ended).toBe('complete');
    expect(directory.mode('a')).toBe('adding');
    expect(directory.value('a', 'sstProvisioningReturnValue')).toBeUndefined();
  });

  it('fails with what is a bug, instead of going on in silence', async () => {
    const stage = start({ runHandler: () => Promise.reject(new TypeError('bug')) });
    directory.create('a');
    await pass(100);
    expect(stage.ended).toBeInstanceOf(TypeError);
  });

  it('is not stopped by one account that nothing can be done with', async () => {
    const stage = start({ concurrency: 1 });
    directory.fault = ({ kind, dn }) => (kind === 'modify' && dn.includes('uid=bad,') ? { code: 50 } : undefined);
    directory.create('bad');
    directory.create('a');
    directory.create('odd', { uid: '../etc' });
    directory.create('b');
    await pass(100);
    expect(modesRun(stage)).toEqual(['add a', 'add b']);
    expect(stage.events.filter(({ event }) => event === 'skipped')).toHaveLength(2);
  });
});

describe('two services on the same accounts', () => {
  const several = { instances: 'several' } as const;

  it('run each script once', async () => {
    const both = [start({ ...several, runHandler: takes(20) }), start({ ...several, runHandler: takes(20) })];
    for (let index = 0; index < 100; index += 1) directory.create(`u${index}`);
    await pass(60_000);
    expect(both.flatMap(modesRun).sort()).toEqual(Array.from({ length: 100 }, (_, index) => `add u${index}`).sort());
    for (const { open } of both) expect(open.size).toBe(0);
  });

  it('leave the work of a living one alone, and take over that of a dead one', async () => {
    const first = start({ ...several, runHandler: takes(8_000) });
    directory.create('a');
    await pass(1_000);
    const second = start({ ...several, runHandler: takes(10) });
    await pass(2_000);
    expect(second.jobs).toEqual([]);
    first.kill();
    await pass(LEASE.duration - 4_000);
    expect(second.jobs).toEqual([]);
    await pass(6_000);
    expect(second.jobs).toMatchObject([{ resumed: true, attempt: 1 }]);
    expect(directory.mode('a')).toBe('added');
  });

  it('serve a newer request at once when the work on the older one fails, or its service stops', async () => {
    const services = [start({ instances: 'several', runHandler: takes(3_000, failed(5)) })];
    directory.create('a');
    await pass(100);
    services.push(start({ instances: 'several', runHandler: takes(10) }));
    await pass(1_000);
    directory.write('a', { sstProvisioningMode: 'modify' });
    services[0]?.drain();
    await pass(4_500);
    expect(services[0]?.ended).toBe('complete');
    expect(directory.mode('a')).toBe('modified');
    expect(services[1]?.jobs).toHaveLength(1);

    const alone = start({ instances: 'several', runHandler: takes(3_000, failed(5)) });
    services[1]?.kill();
    directory.create('b');
    await pass(1_500);
    directory.write('b', { sstProvisioningMode: 'modify' });
    await pass(2_000);
    expect(modesRun(alone)).toEqual(['add b', 'modify b']);
  });

  it('leave a newer request to the one that is at work on the older', async () => {
    const both = [start({ ...several, runHandler: takes(3_000) }), start({ ...several, runHandler: takes(3_000) })];
    directory.create('a');
    await pass(1_000);
    directory.write('a', { sstProvisioningMode: 'modify' });
    await pass(1_000);
    expect(both.flatMap(modesRun)).toEqual(['add a']);
    await pass(10_000);
    expect(directory.mode('a')).toBe('modified');
    expect(both.map(({ jobs }) => jobs.length).sort()).toEqual([0, 2]);
  });

  it('take a newer request up when the one that was at work on the older died', async () => {
    const both = [start({ ...several, runHandler: takes(3_000) }), start({ ...several, runHandler: takes(3_000) })];
    directory.create('a');
    await pass(1_000);
    directory.write('a', { sstProvisioningMode: 'modify' });
    both.find(({ jobs }) => jobs.length === 1)?.kill();
    await pass(LEASE.duration - 4_000);
    expect(directory.mode('a')).toBe('modify');
    await pass(8_000);
    expect(directory.mode('a')).toBe('modified');
  });

  it('leave what a stopped one has interrupted to the others at once', async () => {
    const first = start({ ...several, runHandler: untilAborted });
    directory.create('a');
    await pass(1_000);
    const second = start({ ...several, runHandler: takes(10) });
    await pass(1_000);
    expect(second.jobs).toEqual([]);
    first.abort.abort(new Error('the grace is over'));
    await pass(1_000);
    expect(second.jobs).toMatchObject([{ resumed: true }]);
    expect(directory.mode('a')).toBe('added');
  });

  it('resume their own work at once after a restart', async () => {
    const first = start({ ...several, holder: 'host/0/boot', runHandler: takes(8_000) });
    directory.create('a');
    await pass(1_000);
    first.kill();
    const other = start({ ...several, runHandler: takes(10) });
    await pass(1_000);
    const second = start({ ...several, holder: 'host/0/boot', runHandler: takes(10) });
    await pass(100);
    expect([other.jobs, second.jobs]).toMatchObject([[], [{ resumed: true }]]);
    expect(directory.mode('a')).toBe('added');
  });

  it('continue the count of attempts of an account, whichever service makes them', async () => {
    const first = start({ ...several, runHandler: takes(10, failed(75)) });
    directory.create('a');
    await pass(1_000);
    expect(directory.leases.get('a')?.[0]).toContain('paused');
    first.drain();
    const second = start({ ...several, runHandler: takes(10) });
    await pass(1_000);
    expect(second.jobs).toMatchObject([{ resumed: true, attempt: 2 }]);

    const third = start({ ...several, runHandler: takes(10, failed(75)) });
    await second.close();
    second.kill();
    directory.create('b');
    await pass(1_000);
    third.kill();
    const fourth = start({ ...several, runHandler: takes(10) });
    await pass(LEASE.duration + 10_000);
    expect(fourth.jobs).toMatchObject([{ resumed: true, attempt: 2 }]);
  });

  it('end what they run before its lease lapses, and resume it when the directory is back', async () => {
    const stage = start({ ...several, runHandler: untilAborted });
    directory.create('a');
    await pass(1_000);
    directory.away = true;
    await pass(LEASE.duration);
    expect(stage.told).toContain('waiting');
    expect(stage.jobs).toHaveLength(1);
    directory.away = false;
    await pass(10_000);
    expect(stage.jobs).toMatchObject([{ resumed: false }, { resumed: true }]);
    expect(directory.value('a', 'sstProvisioningReturnValue')).toBeUndefined();
  });

  it('do not start what is in work though its lease has no holder, before a lease has passed', async () => {
    directory.create('a', { sstProvisioningMode: 'adding' });
    const stage = start({ ...several, runHandler: takes(10) });
    await pass(LEASE.duration - 1_000);
    expect(stage.jobs).toEqual([]);
    expect(stage.told).toContain('waiting');
    await pass(2_000);
    expect(stage.jobs).toMatchObject([{ resumed: true }]);
  });

  it('take no finished account for claimed without a lease where the directory tells late', async () => {
    const both = [start({ ...several, runHandler: takes(500) }), start({ ...several, runHandler: takes(500) })];
    await pass(100);
    directory.telling = (tell) => void setTimeout(tell, 3_000);
    const uids = Array.from({ length: 12 }, (_, index) => `late-${index}`);
    for (const uid of uids) directory.create(uid);
    await pass(60_000);
    expect(uids.map((uid) => directory.mode(uid))).toEqual(uids.map(() => 'added'));
    expect(both.flatMap(({ jobs }) => jobs)).toHaveLength(uids.length);
    expect(both.flatMap(({ events }) => events.filter(({ event }) => event === 'conflict'))).toEqual([]);
  });

  it('tell of a claim by a service that knows no leases, and leave the account to it', async () => {
    const stage = start({ ...several, longestHandlerMilliseconds: 60_000, runHandler: takes(10) });
    directory.create('a', { sstProvisioningMode: 'added', sstProvisioningState: '20260101T000000Z' });
    await pass(100);
    directory.write('a', { sstProvisioningMode: 'adding', sstProvisioningState: '0' });
    await pass(10_000);
    expect(stage.events.find(({ event }) => event === 'conflict')).toMatchObject({ remedy: expect.any(String) });
    await pass(50_000);
    expect(stage.jobs).toEqual([]);
    await pass(60_000);
    expect(stage.jobs).toMatchObject([{ resumed: true }]);
  });

  it('leave an account alone whose lease is damaged, and say so', async () => {
    directory.leases.set('a', ['held', 'twice']);
    directory.create('a');
    const stage = start({ ...several, runHandler: takes(10) });
    await pass(60_000);
    expect(stage.jobs).toEqual([]);
    expect(stage.events.find(({ event }) => event === 'waiting')).toMatchObject({
      reason: expect.stringContaining('2 values'),
    });
    directory.leases.set('a', ['free']);
    await pass(2_000);
    expect(directory.mode('a')).toBe('added');
  });
});
