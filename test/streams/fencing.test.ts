import { beforeEach, describe, expect, it } from 'vitest';
import type { Fencing } from '../../src/domain/fence.ts';
import type { HandlerOutcome, RunHandler } from '../../src/domain/job.ts';
import { MODES, type Mode, WORDS } from '../../src/domain/mode.ts';
import { NAMES } from '../support/accounts.ts';
import { fakeTimeStages } from '../support/fake-time-stages.ts';
import type { MemoryDirectory } from '../support/memory-directory.ts';
import { failed, SUCCEEDED } from '../support/stage.ts';
import { LEASE } from '../support/stage-leases.ts';

const world = fakeTimeStages();
const { start, pass } = world;
let directory: MemoryDirectory;

beforeEach(() => {
  directory = world.directory;
});

/** The duration and outcome of each run in order. The last one is repeated. */
function runs(...each: ReadonlyArray<readonly [milliseconds: number, outcome: HandlerOutcome]>): RunHandler {
  let count = 0;
  return () => {
    const [milliseconds, outcome] = each[Math.min(count, each.length - 1)] ?? [0, SUCCEEDED];
    count += 1;
    return new Promise((resolve) => setTimeout(() => resolve(outcome), milliseconds));
  };
}

/** The network delays the nth modify of a client. */
function keepBack(nth: number): void {
  let modifies = 0;
  directory.fault = ({ kind }) => {
    if (kind !== 'modify') return undefined;
    modifies += 1;
    return modifies === nth ? 'late' : undefined;
  };
}

const SEVERAL = { instances: 'several', attempts: 1 } as const;

const ask = (mode: Mode, more: Record<string, string | string[]> = {}) =>
  directory.write('a', {
    sstProvisioningMode: mode,
    sstProvisioningState: '0',
    sstProvisioningDate: '0',
    sstIsActive: mode === 'delete' ? 'FALSE' : 'TRUE',
    ...more,
  });

const CASES = (['version', 'token'] as const).flatMap((fencing) => MODES.map((mode) => [fencing, mode] as const));

describe.each(CASES)('by a %s, an outcome of %s that the network kept back', (fencing: Fencing, mode: Mode) => {
  beforeEach(() => {
    directory.fencing = fencing;
    directory.create('a', { sstProvisioningMode: mode, sstIsActive: 'FALSE' });
  });

  it.each([
    ['a success', SUCCEEDED],
    ['a failure', failed(7)],
  ])('is refused when it arrives after the next claim (%s)', async (_, first) => {
    keepBack(2);
    const stage = start({ runHandler: runs([10, first], [1_000, failed(33)]) });
    await pass(500);
    const isWritten = first.ok
      ? directory.mode('a') === WORDS[mode].finished
      : directory.value('a', 'sstProvisioningReturnValue') === '7';
    expect(isWritten).toBe(true);
    ask(mode);
    await pass(500);
    expect(directory.mode('a')).toBe(WORDS[mode].inWork);
    expect(directory.deliver()).toEqual([fencing === 'version' ? 122 : 16]);
    expect(directory.mode('a')).toBe(WORDS[mode].inWork);
    expect(directory.value('a', 'sstProvisioningReturnValue')).toBeUndefined();
    await pass(2_000);
    expect(directory.value('a', 'sstProvisioningReturnValue')).toBe('33');
    expect(directory.value('a', 'sstProvisioningDate')).toBe('0');
    expect(stage.jobs).toHaveLength(2);
  });

  it('is written once when it arrives before it is written again', async () => {
    keepBack(2);
    const stage = start({ runHandler: runs([10, SUCCEEDED]) });
    await pass(20);
    expect(directory.deliver()).toEqual([0]);
    await pass(2_000);
    expect(directory.mode('a')).toBe(WORDS[mode].finished);
    expect(stage.told.filter((event) => event === 'finished')).toHaveLength(1);
    expect(stage.told).not.toContain('superseded');
    expect(stage.jobs).toHaveLength(1);
  });
});

describe('by a version', () => {
  it('an outcome is not written over another client’s claim of a newer request, whatever its name', async () => {
    const stage = start({ runHandler: runs([1_000, failed(33)]) });
    directory.create('a');
    await pass(100);
    ask('add');
    directory.write('a', { sstProvisioningMode: 'adding' });
    await pass(5_000);
    expect(stage.told).toContain('superseded');
    expect(stage.told).not.toContain('failed');
    expect(stage.jobs).toHaveLength(1);
    expect(directory.mode('a')).toBe('adding');
    expect(directory.value('a', 'sstProvisioningReturnValue')).toBeUndefined();
  });
});

it('an outcome that is kept is not written over a newer request that another service has claimed meanwhile', async () => {
  const stage = start({ instances: 'several', runHandler: runs([100, failed(5)]) });
  directory.create('a', { sstProvisioningMode: 'modify' });
  await pass(50);
  ask('modify');
  directory.write('a', { sstProvisioningMode: 'modifying' });
  directory.fault = ({ kind }) => (kind === 'read' ? { code: 50 } : undefined);
  await pass(100);
  directory.fault = () => undefined;
  await pass(20_000);
  expect(stage.told).toContain('superseded');
  expect(directory.value('a', 'sstProvisioningReturnValue')).toBeUndefined();
});

describe.each(['version', 'token'] as const)('by a %s', (fencing) => {
  beforeEach(() => {
    directory.fencing = fencing;
  });

  it('a claim that arrives late does not stand for a newer request', async () => {
    keepBack(1);
    const stage = start({ runHandler: runs([10, SUCCEEDED]) });
    directory.create('a');
    await pass(500);
    expect(directory.mode('a')).toBe('added');
    ask('modify', { sstProvisioningDate: '20270101' });
    await pass(100);
    expect(directory.deliver()).toEqual([fencing === 'version' ? 122 : 16]);
    expect(directory.mode('a')).toBe('modify');
    expect(stage.jobs).toHaveLength(1);
  });

  it("a claim of this service's own that arrives late is taken up, and not for another service's", async () => {
    keepBack(1);
    const stage = start({ runHandler: runs([10, SUCCEEDED]) });
    directory.create('a', { sstProvisioningDate: '20261101' });
    await pass(1);
    directory.deliver();
    await pass(1_000);
    expect(stage.told).not.toContain('conflict');
    expect(directory.mode('a')).toBe('added');
    expect(directory.value('a', 'sstProvisioningDate')).toBe('0');
    expect(stage.jobs).toHaveLength(1);
  });

  it('an outcome is written although somebody changed another attribute meanwhile, time and again', async () => {
    const stage = start({ runHandler: runs([100, SUCCEEDED]) });
    directory.create('a');
    await pass(50);
    directory.write('a', { description: 'one' });
    let reads = 0;
    directory.meanwhile = ({ kind, modifications }) => {
      const isOutcome = kind === 'modify' && modifications.some(({ values }) => values.includes('added'));
      if (!isOutcome || reads >= 3) return;
      reads += 1;
      directory.write('a', { description: `again ${reads}` });
    };
    await pass(1_000);
    expect(directory.mode('a')).toBe('added');
    expect(directory.value('a', 'description')).toBe(fencing === 'version' ? 'again 3' : 'again 1');
    expect(stage.told).not.toContain('superseded');
  });

  it('an attempt that was resumed is not overwritten by the outcome of the one before', async () => {
    const first = start({ runHandler: runs([10, failed(7)]) });
    keepBack(2);
    directory.create('a');
    await pass(15);
    first.kill();
    directory.fault = () => undefined;
    const second = start({ runHandler: runs([100, SUCCEEDED]) });
    await pass(50);
    expect(second.told).toContain('resumed');
    expect(directory.deliver()).toEqual([fencing === 'version' ? 122 : 16]);
    await pass(1_000);
    expect(directory.mode('a')).toBe('added');
  });

  it('an own claim that arrives late is known although the request was told again after it was sent', async () => {
    let asked = 0;
    directory.fault = () => (asked++ < 2 ? 'late' : { code: 50 });
    const stage = start({ runHandler: runs([10, SUCCEEDED]) });
    directory.create('a');
    await pass(50);
    directory.cut();
    await pass(1_000);
    expect(stage.told).toContain('skipped');
    directory.fault = () => undefined;
    directory.deliver();
    await pass(1_000);
    expect(stage.told).not.toContain('conflict');
    expect(directory.mode('a')).toBe('added');
  });

  it('an own claim that arrives late is recognised even if a later attempt reads it before the subscription shows it', async () => {
    const faults = ['late', 'lostBefore', { code: 50 }] as const;
    let asked = 0;
    directory.fault = () => faults[asked++];
    directory.meanwhile = ({ kind }) => {
      if (kind === 'read') directory.deliver();
    };
    const stage = start({ runHandler: runs([10, SUCCEEDED]) });
    directory.create('a');
    await pass(50);
    directory.cut();
    await pass(2_000);
    expect(stage.told).toContain('skipped');
    expect(stage.told).not.toContain('conflict');
    expect(directory.mode('a')).toBe('added');
    expect(stage.jobs).toHaveLength(1);
  });

  it('an outcome is written although the day that was asked for looks like a token', async () => {
    const stage = start({ runHandler: runs([100, SUCCEEDED]) });
    directory.create('a', { sstProvisioningDate: '19991231' });
    await pass(50);
    directory.write('a', { description: 'changed' });
    await pass(1_000);
    expect(stage.told).not.toContain('superseded');
    expect(directory.mode('a')).toBe('added');
  });

  it.each([
    ['the site has no attribute for it', { names: { ...NAMES, returnValue: null } }, 2],
    ['the schema does not take it', {}, 3],
  ])('a failure without a return value that was written, but not answered, stands (%s)', async (_, options, nth) => {
    directory.unfit.set('sstprovisioningreturnvalue', 17);
    let modifies = 0;
    directory.fault = ({ kind }) => (kind === 'modify' && ++modifies === nth ? 'lostAfter' : undefined);
    const stage = start({ ...options, runHandler: runs([10, failed(7)]) });
    directory.create('a', { sstProvisioningDate: '20261101' });
    await pass(1_000);
    expect(modifies).toBe(nth);
    expect(stage.told).toContain('failed');
    expect(stage.told).not.toContain('superseded');
    expect(stage.told).not.toContain('conflict');
    expect(directory.value('a', 'sstProvisioningDate')).toBe('20261101');
  });

  it.each(['20261101', '20261015', '0'])(
    'an account that has both names of the date is done (the other: %s)',
    async (other) => {
      directory.postRead = false;
      const stage = start({ runHandler: runs([10, failed(7)]) });
      directory.create('a', { sstProvisioningDate: '20261101', sstProvisioningExecutionDate: other });
      await pass(1_000);
      expect(stage.told).toEqual(expect.not.arrayContaining(['conflict', 'superseded']));
      expect(stage.told).toContain('failed');
      expect(directory.value('a', 'sstProvisioningDate')).toBe('20261101');
      expect(directory.value('a', 'sstProvisioningExecutionDate')).toBe(other);
    },
  );

  it("a claim that meets the entry created anew meanwhile is taken back, and not for another service's", async () => {
    directory.travel = () => new Promise((resolve) => setTimeout(resolve, 10));
    const stage = start({ runHandler: runs([10, SUCCEEDED]) });
    directory.create('a');
    await pass(5);
    directory.remove('a');
    directory.create('a');
    await pass(1_000);
    expect(stage.told).not.toContain('waiting');
    expect(directory.mode('a')).toBe('added');
    expect(stage.jobs).toHaveLength(1);
  });

  it('a claim for delete that arrives late does not stand for a delete of an account that is active', async () => {
    keepBack(1);
    const stage = start({ runHandler: runs([10, SUCCEEDED]) });
    directory.create('a', { sstProvisioningMode: 'delete', sstIsActive: 'FALSE' });
    await pass(500);
    expect(directory.mode('a')).toBe('deleted');
    ask('delete', { sstIsActive: 'TRUE', sstProvisioningReturnValue: [] });
    await pass(100);
    directory.deliver();
    await pass(1_000);
    expect(directory.mode('a')).toBe('delete');
    expect(stage.jobs).toHaveLength(1);
    ask('delete');
    await pass(1_000);
    expect(directory.mode('a')).toBe('deleted');
    expect(stage.jobs).toHaveLength(2);
  });

  it.each([
    ['another attempt', 0],
    ['a claim without an answer', 1],
  ])('a failure leaves the day that was asked for, also after %s', async (_, nth) => {
    let modifies = 0;
    directory.fault = ({ kind }) => (kind === 'modify' && ++modifies === nth ? 'lostAfter' : undefined);
    const stage = start({ runHandler: runs([10, failed(75)], [10, failed(7)]) });
    directory.create('a', { sstProvisioningDate: '20261101' });
    await pass(20_000);
    expect(stage.told).toContain('failed');
    expect(stage.jobs).toHaveLength(2);
    expect(directory.value('a', 'sstProvisioningDate')).toBe('20261101');
  });

  it.each([
    ['with a date', {}],
    ['without a date', { sstProvisioningDate: [] }],
  ])('an own claim is known where neither its answer nor the read after it shows the entry (%s)', async (_, more) => {
    directory.postRead = false;
    let reads = 0;
    directory.fault = ({ kind }) => (kind === 'read' && reads++ === 0 ? 'lostBefore' : undefined);
    const stage = start({ runHandler: runs([10, SUCCEEDED]) });
    directory.create('a', more);
    await pass(1_000);
    expect(stage.told).not.toContain('conflict');
    expect(directory.mode('a')).toBe('added');
    expect(stage.jobs).toHaveLength(1);
  });

  it.each(MODES)('a service next to others serves %s at once, without a conflict with itself', async (mode) => {
    const stage = start({ instances: 'several', runHandler: runs([10, SUCCEEDED]) });
    directory.create('a', { sstProvisioningMode: 'added', sstProvisioningState: '20260101T000000Z' });
    await pass(100);
    ask(mode);
    await pass(500);
    expect(stage.told).not.toContain('conflict');
    expect(directory.mode('a')).toBe(WORDS[mode].finished);
  });

  it('a claim that arrives late, and takes a newer request that waits, is taken back', async () => {
    const stage = start({ runHandler: runs([10, failed(75)]) });
    keepBack(1);
    directory.create('a', { sstProvisioningMode: 'delete', sstIsActive: 'FALSE' });
    await pass(2_000);
    expect(stage.jobs).toHaveLength(1);
    directory.write('a', { sstProvisioningMode: 'delete', sstIsActive: 'TRUE', sstProvisioningDate: '0' });
    await pass(100);
    directory.deliver();
    await pass(10_000);
    expect(directory.mode('a')).toBe('delete');
    expect(stage.jobs).toHaveLength(1);
    directory.write('a', { sstIsActive: 'FALSE' });
    await pass(10_000);
    expect(stage.jobs.length).toBeGreaterThan(1);
  });

  it('an outcome that was written is not written again over a newer claim, though the account had left meanwhile', async () => {
    const stage = start({ runHandler: runs([100, SUCCEEDED]) });
    let modifies = 0;
    directory.fault = ({ kind }) => (kind === 'modify' && ++modifies === 2 ? 'lostAfter' : undefined);
    directory.create('a', { sstProvisioningMode: 'modify' });
    await pass(150);
    ask('modify');
    directory.write('a', { sstProvisioningMode: 'modifying', sstProvisioningReturnValue: [] });
    await pass(1_000);
    expect(directory.mode('a')).toBe('modifying');
    expect(stage.told).toContain('superseded');
  });

  it.each([
    ['a success', SUCCEEDED],
    ['a failure', failed(33)],
  ])('%s that comes after another service has taken the lease over changes nothing', async (_, outcome) => {
    const late = start({ ...SEVERAL, runHandler: runs([LEASE.duration + 4_000, outcome]) });
    directory.create('a');
    await pass(100);
    expect(late.told).toContain('claimed');
    late.cutOff();
    const other = start({ ...SEVERAL, runHandler: runs([60_000, SUCCEEDED]) });
    await pass(LEASE.duration + 2_000);
    expect(other.told).toContain('resumed');
    late.connect();
    await pass(10_000);
    expect(late.told).toContain(outcome.ok ? 'superseded' : 'waiting');
    expect(late.told).not.toContain('failed');
    expect(directory.mode('a')).toBe('adding');
    expect(directory.value('a', 'sstProvisioningReturnValue')).toBeUndefined();
  });

  it('an outcome is written by the service whose lease has lapsed, if nobody has taken it over', async () => {
    const stage = start({ ...SEVERAL, runHandler: runs([LEASE.duration + 4_000, SUCCEEDED]) });
    directory.create('a');
    await pass(100);
    stage.cutOff();
    await pass(LEASE.duration + 2_000);
    stage.connect();
    await pass(10_000);
    expect(stage.jobs).toHaveLength(1);
    expect(directory.mode('a')).toBe('added');
  });

  it('an outcome follows a change of other attributes, as the lease shows that no other service works on it', async () => {
    const stage = start({ ...SEVERAL, runHandler: runs([100, SUCCEEDED]) });
    directory.create('a');
    await pass(50);
    directory.write('a', { description: 'changed' });
    await pass(1_000);
    expect(stage.told).not.toContain('superseded');
    expect(directory.mode('a')).toBe('added');
  });
});
