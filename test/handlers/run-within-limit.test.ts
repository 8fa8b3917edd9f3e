import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunStep, SiteStep } from '../../handlers/define-step.ts';
import { longestHandlerMilliseconds } from '../../handlers/registry.ts';
import { handlerRunner } from '../../handlers/run-handler.ts';
import type { StreamEvent } from '../../src/domain/event.ts';
import type { HandlerContext, StepOutcome } from '../../src/domain/job.ts';
import { eachMode } from '../../src/domain/mode.ts';
import { jobOf, MEANS } from './steps/job.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const LIMIT = 10_000;
const GRACE = 2_000;
const FAILED: StepOutcome = { ok: false, returnValue: 42, reason: 'no luck', retry: 'script' };
const OVERDUE = { returnValue: 7, remedy: 'look after it' };

function stepThat(run: RunStep, name = 'slow', limit = LIMIT, grace = GRACE): SiteStep {
  const limits = { limitMilliseconds: limit, graceMilliseconds: grace };
  return { name, ...limits, overdue: OVERDUE, inspect: async () => [], run };
}

/** Runs `add` with these steps. `ended` resolves to the time and the outcome. */
function start(...steps: SiteStep[]) {
  const handlers = eachMode((mode) => (mode === 'add' ? steps : []));
  const abort = new AbortController();
  const events: StreamEvent[] = [];
  const report = (event: StreamEvent) => void events.push(event);
  const context: HandlerContext = { report, signal: abort.signal, begun: () => {} };
  const began = performance.now();
  const run = handlerRunner(handlers, MEANS, () => performance.now());
  const ended = run(jobOf('anna'), context).then((outcome) => ({ outcome, after: performance.now() - began }));
  return { ended, abort, events, longest: longestHandlerMilliseconds(handlers) };
}

const never = () => new Promise<StepOutcome>(() => {});
const later = (milliseconds: number, outcome: StepOutcome) =>
  new Promise<StepOutcome>((resolve) => setTimeout(resolve, milliseconds, outcome));
const onAbort = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

describe('a step that reaches its limit', () => {
  it('is asked to stop at the limit, no sooner, and has failed with its own code', async () => {
    let toldAt = 0;
    const stoppable = stepThat(async (_, { signal }) => {
      await onAbort(signal);
      toldAt = performance.now();
      return later(500, FAILED);
    });
    const began = performance.now();
    const { ended } = start(stoppable);
    await vi.advanceTimersByTimeAsync(LIMIT + 500);
    expect(toldAt - began).toBe(LIMIT);
    const { outcome, after: took } = await ended;
    expect(took).toBe(LIMIT + 500);
    expect(outcome).toEqual({
      ok: false,
      timings: [{ name: 'slow', milliseconds: LIMIT + 500 }],
      step: 'slow',
      returnValue: 7,
      reason: 'the step took longer than 10 s and was stopped: look after it',
      retry: 'permanent',
      aborted: false,
    });
  });

  it('is given up after its grace where it never ends, with its time told', async () => {
    const { ended, events } = start(
      stepThat(never),
      stepThat(async () => ({ ok: true }), 'next'),
    );
    await vi.advanceTimersByTimeAsync(LIMIT + GRACE);
    const { outcome, after: took } = await ended;
    expect(took).toBe(LIMIT + GRACE);
    expect(outcome).toMatchObject({
      returnValue: 7,
      reason: 'the step took longer than 10 s and did not end when it was stopped: look after it',
      timings: [{ name: 'slow', milliseconds: LIMIT + GRACE }],
    });
    expect(events).toMatchObject([{ event: 'step', name: 'slow', outcome: 'timedOut', milliseconds: LIMIT + GRACE }]);
  });

  it('has failed also where it says that all went well: what was cut short must not pass for done', async () => {
    const hasty = stepThat(async (_, { signal }) => {
      await onAbort(signal);
      return { ok: true };
    });
    const { ended } = start(hasty);
    await vi.advanceTimersByTimeAsync(LIMIT);
    expect((await ended).outcome).toMatchObject({ ok: false, returnValue: 7 });
  });

  it('has no voice any more once it was given up', async () => {
    const line = { event: 'output', stream: 'stdout', line: 'late', uid: 'anna', dn: '', mode: 'adding' } as const;
    const talkative = stepThat(async (_, { report }) => {
      await later(LIMIT + GRACE + 1, FAILED);
      report(line);
      return FAILED;
    });
    const { ended, events } = start(talkative);
    await vi.advanceTimersByTimeAsync(LIMIT + GRACE + 1);
    await ended;
    expect(events).toMatchObject([{ event: 'step' }]);
  });

  it('is not written down where the service stops meanwhile', async () => {
    const { ended, abort } = start(stepThat(never));
    await vi.advanceTimersByTimeAsync(LIMIT);
    abort.abort();
    await vi.advanceTimersByTimeAsync(GRACE);
    expect((await ended).outcome).toMatchObject({ ok: false, aborted: true });
  });
});

describe('a service that stops at once', () => {
  it('learns how the step ended that it asked to stop', async () => {
    const { ended, abort } = start(stepThat((_, { signal }) => onAbort(signal).then(() => FAILED)));
    await vi.advanceTimersByTimeAsync(5_000);
    abort.abort();
    const { outcome, after: took } = await ended;
    expect(took).toBe(5_000);
    expect(outcome).toMatchObject({ returnValue: 42, reason: 'no luck', aborted: true });
  });

  it('is not held up by a step that never ends, for longer than its grace', async () => {
    const { ended, abort } = start(stepThat(never));
    await vi.advanceTimersByTimeAsync(5_000);
    abort.abort();
    await vi.advanceTimersByTimeAsync(GRACE);
    const { outcome, after: took } = await ended;
    expect(took).toBe(5_000 + GRACE);
    expect(outcome).toMatchObject({ ok: false, aborted: true, reason: expect.stringContaining('service stopped') });
  });

  it('begins no further step', async () => {
    const first = stepThat((_, { signal }) => onAbort(signal).then(() => ({ ok: true })));
    const next = vi.fn(never);
    const { ended, abort } = start(first, stepThat(next, 'next'));
    abort.abort();
    expect((await ended).outcome).toMatchObject({
      ok: false,
      step: 'next',
      timings: [{ name: 'slow' }],
      aborted: true,
    });
    expect(next).not.toHaveBeenCalled();
  });

  it('lets an attempt count whose last step ended well', async () => {
    const { ended, abort } = start(stepThat((_, { signal }) => onAbort(signal).then(() => ({ ok: true }))));
    abort.abort();
    expect((await ended).outcome).toMatchObject({ ok: true });
  });
});

describe('every handler', () => {
  it('ends within its longest time, whatever its steps do and whenever the service stops', async () => {
    const behaviour = fc.record({
      limit: fc.integer({ min: 1, max: 1_000 }),
      grace: fc.integer({ min: 1, max: 500 }),
      endsAfter: fc.option(fc.integer({ min: 0, max: 3_000 }), { nil: undefined }),
      ok: fc.boolean(),
    });
    const stopsAfter = fc.option(fc.integer({ min: 0, max: 4_000 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(fc.array(behaviour, { minLength: 1, maxLength: 5 }), stopsAfter, async (given, stops) => {
        const steps = given.map(({ limit, grace, endsAfter, ok }, index) =>
          stepThat(
            () => (endsAfter === undefined ? never() : later(endsAfter, ok ? { ok } : FAILED)),
            `${index}`,
            limit,
            grace,
          ),
        );
        const { ended, abort, longest } = start(...steps);
        if (stops !== undefined) setTimeout(() => abort.abort(), stops);
        await vi.advanceTimersByTimeAsync(10_000);
        const { outcome, after: took } = await ended;
        expect(took).toBeLessThanOrEqual(longest);
        const late = given.findIndex(({ limit, endsAfter }) => endsAfter === undefined || endsAfter > limit);
        if (late >= 0 && stops === undefined) expect(outcome.ok).toBe(false);
        expect(outcome.timings.length).toBeLessThanOrEqual(late < 0 ? given.length : late + 1);
        expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
      }),
    );
  });
});
