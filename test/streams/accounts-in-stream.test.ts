import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Condition } from '../../src/domain/condition.ts';
import type { HandlerOutcome, RunHandler } from '../../src/domain/job.ts';
import { MemoryDirectory } from '../support/memory-directory.ts';
import { failed, Stage, type StageOptions, SUCCEEDED } from '../support/stage.ts';

const BEGIN = Date.UTC(2026, 10, 23, 10, 0, 0);
let directory: MemoryDirectory;
let stages: Stage[] = [];

beforeEach(() => {
  vi.useFakeTimers({ now: BEGIN });
  directory = new MemoryDirectory(() => Date.now());
});
afterEach(() => {
  for (const stage of stages) stage.kill();
  stages = [];
  vi.useRealTimers();
});

function start(options: Partial<StageOptions> = {}): Stage {
  const stage = new Stage({ directory, ...options });
  stages.push(stage);
  stage.run();
  return stage;
}

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);
const seconds = (count: number) => BEGIN + count * 1_000;

/** Takes some time, during its only step. */
function takes(milliseconds: number, outcome: HandlerOutcome = SUCCEEDED): RunHandler {
  return async (_, { begun }) => {
    begun('script');
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    return outcome;
  };
}

const conditionsOf = ({ accounts }: Stage): Condition[] => [...accounts.conditions()];
const shown = (stage: Stage) => conditionsOf(stage).map(({ uid, condition }) => `${uid} ${condition}`);

describe('the accounts in the stream', () => {
  it('are queued, in work in their step, and gone when they are finished', async () => {
    const stage = start({ concurrency: 1, runHandler: takes(5_000) });
    await pass(10);
    directory.create('a');
    await pass(1_000);
    directory.create('b');
    await pass(1_000);
    expect(conditionsOf(stage)).toEqual([
      {
        uid: 'a',
        dn: expect.stringContaining('uid=a'),
        mode: 'adding',
        condition: 'inWork',
        since: expect.any(Number),
        begunAt: expect.any(Number),
        doing: 'working',
        job: 'job-1',
        attempt: 1,
        resumed: false,
        step: 'script',
        stepSince: expect.any(Number),
      },
      { uid: 'b', dn: expect.stringContaining('uid=b'), mode: 'add', condition: 'queued', since: seconds(1) },
    ]);
    expect(stage.accounts.counts()).toMatchObject({ open: 2, queued: 1, inWork: 1 });
    await pass(20_000);
    expect(conditionsOf(stage)).toEqual([]);
    expect(stage.accounts.counts()).toEqual({
      open: 0,
      queued: 0,
      inWork: 0,
      retrying: 0,
      failed: 0,
      deferred: 0,
      waiting: 0,
    });
  });

  it('are deferred, waiting or failed by the stamps of the directory, so that a restart changes nothing', async () => {
    directory.create('d', { sstProvisioningDate: '20270101' });
    directory.create('w', { sstProvisioningMode: 'delete', sstIsActive: 'TRUE' });
    directory.create('f', { sstProvisioningMode: 'adding', sstProvisioningReturnValue: '6' });
    await pass(480_000);
    for (const _ of ['first', 'second']) {
      const stage = start();
      await pass(1_000);
      expect(conditionsOf(stage).sort((one, other) => one.uid.localeCompare(other.uid))).toMatchObject([
        { uid: 'd', condition: 'deferred', until: '20270101', since: BEGIN },
        { uid: 'f', condition: 'failed', returnValue: 6, since: BEGIN },
        { uid: 'w', condition: 'waiting', reason: expect.stringContaining('sstIsActive is TRUE'), since: BEGIN },
      ]);
      expect(stage.accounts.counts()).toMatchObject({ open: 3, deferred: 1, waiting: 1, failed: 1 });
      stage.kill();
    }
  });

  it('are in work since they were claimed, also after a restart, and this attempt since it began', async () => {
    const first = start({ runHandler: takes(600_000) });
    directory.create('a');
    await pass(480_000);
    first.kill();
    const second = start({ runHandler: takes(600_000) });
    await pass(4_000);
    expect(conditionsOf(second)).toMatchObject([{ uid: 'a', condition: 'inWork', resumed: true }]);
    const [condition] = conditionsOf(second);
    expect(condition?.since).toBeLessThan(seconds(2));
    expect(condition).toHaveProperty('begunAt');
    expect((condition as { begunAt: number }).begunAt).toBeGreaterThanOrEqual(seconds(480));
  });

  it('stay failed with what is known of the attempt, until somebody asks again', async () => {
    const stage = start({ runHandler: takes(100, failed(6)), reconcileMilliseconds: 60_000 });
    directory.create('a');
    await pass(1_000);
    const failure = { uid: 'a', condition: 'failed', returnValue: 6, step: 'script', failedAt: expect.any(Number) };
    expect(conditionsOf(stage)).toMatchObject([failure]);
    // Its echo, further lists and a new connection show only the return value.
    await pass(130_000);
    directory.cut();
    await pass(10_000);
    expect(conditionsOf(stage)).toMatchObject([failure]);
    expect(stage.accounts.counts()).toMatchObject({ open: 1, failed: 1 });
    directory.write('a', { sstProvisioningMode: 'add' });
    await pass(50);
    expect(shown(stage)).toEqual(['a inWork']);
    await pass(1_000);
    directory.write('a', { sstProvisioningMode: 'added', sstProvisioningState: '20261123T100000Z' });
    await pass(1_000);
    expect(shown(stage)).toEqual([]);
  });

  it('are retried with the reason, since their first failure', async () => {
    const stage = start({ attempts: 4, runHandler: takes(100, failed(75)) });
    directory.create('a');
    await pass(1_000);
    const retrying = { uid: 'a', condition: 'retrying', attempt: 2, reason: expect.stringContaining('75') };
    expect(conditionsOf(stage)).toMatchObject([retrying]);
    const [first] = conditionsOf(stage);
    await pass(6_000);
    expect(conditionsOf(stage)).toMatchObject([{ ...retrying, attempt: 3, since: first?.since }]);
  });

  it('wait for a directory that is away with their outcome, and with their claim', async () => {
    const stage = start({ runHandler: takes(1_000) });
    directory.create('a');
    await pass(500);
    directory.away = true;
    await pass(10_000);
    expect(conditionsOf(stage)).toMatchObject([{ uid: 'a', condition: 'retrying', mode: 'adding' }]);
    const [{ since, attempt, dueAt }] = conditionsOf(stage) as [Extract<Condition, { condition: 'retrying' }>];
    expect(since).toBeLessThanOrEqual(seconds(2));
    expect(attempt).toBeGreaterThan(3);
    expect(dueAt).toBeGreaterThan(Date.now());
    expect(stage.accounts.counts()).toMatchObject({ open: 1, inWork: 0, retrying: 1 });
    directory.away = false;
    await pass(30_000);
    expect(shown(stage)).toEqual([]);
    expect(stage.accounts.counts()).toMatchObject({ open: 0, inWork: 0, retrying: 0 });
  });

  it('wait for a change when the directory refuses their claim', async () => {
    const stage = start();
    directory.fault = ({ kind }) => (kind === 'modify' ? { code: 50 } : undefined);
    directory.create('a');
    await pass(1_000);
    expect(conditionsOf(stage)).toMatchObject([
      { uid: 'a', condition: 'waiting', reason: expect.stringContaining('refuses the claim') },
    ]);
  });

  it('wait for the lease of their uid, as long as another service has it', async () => {
    const first = start({ instances: 'several', runHandler: takes(20_000) });
    await pass(1_000);
    directory.create('a');
    await pass(2_000);
    const second = start({ instances: 'several', runHandler: takes(20_000) });
    await pass(2_000);
    expect(shown(first)).toEqual(['a inWork']);
    expect(conditionsOf(second)).toMatchObject([{ condition: 'waiting', reason: expect.stringContaining('lease') }]);
    expect(second.accounts.counts()).toMatchObject({ open: 1, inWork: 0, waiting: 1 });
    await pass(60_000);
    expect([shown(first), shown(second)]).toEqual([[], []]);
    expect(second.accounts.counts()).toMatchObject({ open: 0, waiting: 0 });
  });

  it('are what a dry run would do with them', async () => {
    const stage = start({ dryRun: true });
    directory.create('a');
    await pass(1_000);
    expect(conditionsOf(stage)).toMatchObject([{ condition: 'waiting', reason: expect.stringContaining('dry run') }]);
  });
});
