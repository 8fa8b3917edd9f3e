import { describe, expect, it } from 'vitest';
import type { SiteStep } from '../../handlers/define-step.ts';
import { handlerRunner } from '../../handlers/run-handler.ts';
import type { Ending, StreamEvent } from '../../src/domain/event.ts';
import { Cancelled, type Job, type StepOutcome } from '../../src/domain/job.ts';
import { eachMode, type Mode } from '../../src/domain/mode.ts';
import { MemoryDirectory } from '../support/memory-directory.ts';
import { Stage } from '../support/stage.ts';
import { MEANS } from './steps/job.ts';

let clock = 0;
const FAILED: StepOutcome = { ok: false, returnValue: 6, reason: 'no quota', retry: 'permanent' };

function step(name: string, outcome: StepOutcome | Error = { ok: true }): SiteStep {
  return {
    name,
    limitMilliseconds: 1_000,
    graceMilliseconds: 100,
    overdue: { returnValue: 7, remedy: 'look after it' },
    inspect: async () => [],
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

async function run(steps: readonly SiteStep[], abort = new AbortController()) {
  const events: StreamEvent[] = [];
  const begun: string[] = [];
  const handlers = eachMode((mode) => (mode === 'modify' ? steps : []));
  const runner = handlerRunner(handlers, MEANS, () => clock);
  const outcome = await runner(job('modify'), {
    report: (event) => void events.push(event),
    signal: abort.signal,
    begun: (step) => void begun.push(step),
  });
  return { outcome, events, begun };
}

const names = (events: readonly StreamEvent[]) => events.map((event) => event.event === 'step' && event.name);

describe('a handler', () => {
  it('runs the steps of the mode in order, each timed and told', async () => {
    const { outcome, events } = await run([step('one'), step('other')]);
    expect(outcome).toEqual({ ok: true, timings: ['one', 'other'].map((name) => ({ name, milliseconds: 2.5 })) });
    expect(names(events)).toEqual(['one', 'other']);
    expect(events[0]).toMatchObject({ event: 'step', milliseconds: 2.5, uid: 'a', mode: 'modify', job: 'job-1' });
  });

  it('tells how each step ended, and which one begins', async () => {
    const ending = (ending: Ending) => step('s', { ...FAILED, ending });
    const ends = async (one: SiteStep, abort?: AbortController) => (await run([one], abort)).events[0];
    expect(await ends(step('s'))).toMatchObject({ outcome: 'done' });
    expect(await ends(step('s', FAILED))).toMatchObject({ outcome: 'failed', returnValue: 6 });
    expect(await ends(ending('killed'))).toMatchObject({ outcome: 'killed' });
    expect(await ends(ending('timedOut'))).toMatchObject({ outcome: 'timedOut' });
    const abort = new AbortController();
    const stopping: SiteStep = {
      ...step('s'),
      run: async () => {
        abort.abort();
        return FAILED;
      },
    };
    expect(await ends(stopping, abort)).toMatchObject({ outcome: 'interrupted' });
    expect((await run([step('one'), step('other')])).begun).toEqual(['one', 'other']);
  });

  it('ends with the first step that fails, and tells that one too', async () => {
    const { outcome, events } = await run([step('one'), step('quota', FAILED), step('other')]);
    expect(outcome).toMatchObject({ ok: false, step: 'quota', returnValue: 6, reason: 'no quota', aborted: false });
    expect(names(events)).toEqual(['one', 'quota']);
    expect(outcome.timings).toHaveLength(2);
  });

  it('takes a step that throws for one that failed for good', async () => {
    const { outcome } = await run([step('script', new TypeError('oops'))]);
    expect(outcome).toMatchObject({ ok: false, step: 'script', returnValue: 1, retry: 'permanent' });
    expect(outcome).toHaveProperty('reason', expect.stringContaining('oops'));
  });

  it('says of a failure that the service was told to stop', async () => {
    const abort = new AbortController();
    abort.abort();
    expect((await run([step('script', FAILED)], abort)).outcome).toMatchObject({ aborted: true });
  });

  it('has failed when an operator cancels it, with a cause that says who, and begins no further step', async () => {
    const abort = new AbortController();
    const untilCancelled: SiteStep = {
      ...step('script'),
      run: async (_, { signal }) => {
        abort.abort(new Cancelled('alice (1000)'));
        expect(signal.aborted).toBe(true);
        return { ...FAILED, returnValue: 9, retry: 'script' };
      },
    };
    const { outcome, events } = await run([untilCancelled, step('other')], abort);
    const failure = { ok: false, returnValue: 1, step: 'script', retry: 'permanent', aborted: false };
    expect(outcome).toMatchObject({ ...failure, cause: 'cancelled by alice (1000)' });
    expect(events).toMatchObject([{ event: 'step', name: 'script', outcome: 'cancelled' }]);
    const before = await run([step('other')], abort);
    expect(before.outcome).toMatchObject({ ...failure, step: 'other', cause: 'cancelled by alice (1000)' });
    expect(before.begun).toEqual([]);
  });
});
