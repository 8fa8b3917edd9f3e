import { describe, expect, it } from 'vitest';
import { handlersOf, longestHandlerMilliseconds } from '../../handlers/registry.ts';
import { handlerRunner } from '../../handlers/run-handler.ts';
import type { StreamEvent } from '../../src/domain/event.ts';
import type { Job, Step, StepOutcome } from '../../src/domain/job.ts';
import type { Mode } from '../../src/domain/mode.ts';
import { MemoryDirectory } from '../support/memory-directory.ts';
import { Stage } from '../support/stage.ts';

let clock = 0;
const FAILED: StepOutcome = { ok: false, returnValue: 6, reason: 'no quota', retry: 'permanent' };

function step(name: string, outcome: StepOutcome | Error = { ok: true }): Step {
  return {
    name,
    longestMilliseconds: 1_000,
    run: async () => {
      clock += 2.5;
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
  };
}

function job(mode: Mode): Job {
  const directory = new MemoryDirectory();
  const entry = directory.create('a', { sstProvisioningMode: mode });
  return {
    id: 'job-1',
    mode,
    record: new Stage({ directory }).record(entry),
    entry,
    attempt: 1,
    resumed: false,
    lost: 0,
  };
}

const ALL = {
  user: step('user'),
  script: step('script'),
  home: step('home'),
  quota: step('quota'),
  quotaCleared: step('quota cleared'),
  rsnapshot: step('rsnapshot'),
  rsnapshotRemoved: step('rsnapshot removed'),
};

async function run(mode: Mode, steps: Parameters<typeof handlersOf>[0], abort = new AbortController()) {
  const events: StreamEvent[] = [];
  const runner = handlerRunner(handlersOf(steps), () => clock);
  const outcome = await runner(job(mode), { report: (event) => void events.push(event), signal: abort.signal });
  return { outcome, events };
}

describe('a handler', () => {
  it.each<[Mode, string[]]>([
    ['add', ['user', 'script', 'home', 'quota', 'rsnapshot']],
    ['modify', ['user', 'script', 'home', 'quota', 'rsnapshot']],
    ['delete', ['rsnapshot removed', 'script', 'quota cleared']],
  ])('of %s runs its steps in order, each timed and told', async (mode, names) => {
    const { outcome, events } = await run(mode, ALL);
    expect(outcome).toEqual({ ok: true, timings: names.map((name) => ({ name, milliseconds: 2.5 })) });
    expect(events.map((event) => event.event === 'step' && event.name)).toEqual(names);
    expect(events[0]).toMatchObject({ event: 'step', milliseconds: 2.5, uid: 'a', mode, job: 'job-1' });
  });

  it('runs the script alone where the site has no other step', async () => {
    expect((await run('add', { script: ALL.script })).outcome.timings.map(({ name }) => name)).toEqual(['script']);
  });

  it('ends with the first step that fails, and tells that one too', async () => {
    const { outcome, events } = await run('add', { ...ALL, quota: step('quota', FAILED) });
    expect(outcome).toMatchObject({ ok: false, step: 'quota', returnValue: 6, reason: 'no quota', aborted: false });
    expect(events.map((event) => event.event === 'step' && event.name)).toEqual(['user', 'script', 'home', 'quota']);
    expect(outcome.timings).toHaveLength(4);
  });

  it('takes a step that throws for one that failed for good', async () => {
    const { outcome } = await run('add', { ...ALL, script: step('script', new TypeError('oops')) });
    expect(outcome).toMatchObject({ ok: false, step: 'script', returnValue: 1, retry: 'permanent' });
    expect(outcome).toHaveProperty('reason', expect.stringContaining('oops'));
  });

  it('says of a failure that the service was told to stop', async () => {
    const abort = new AbortController();
    abort.abort();
    expect((await run('add', { script: step('script', FAILED) }, abort)).outcome).toMatchObject({ aborted: true });
  });

  it('may take as long as the steps of the longest one together', () => {
    expect(longestHandlerMilliseconds(handlersOf(ALL))).toBe(5_000);
    expect(longestHandlerMilliseconds(handlersOf({ script: ALL.script }))).toBe(1_000);
  });
});
