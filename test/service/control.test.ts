import { Subject } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ControlAnswer } from '../../src/domain/control.ts';
import type { StreamEvent } from '../../src/domain/event.ts';
import type { RunHandler } from '../../src/domain/job.ts';
import { createControl } from '../../src/service/control.ts';
import { fakeTimeStages } from '../support/fake-time-stages.ts';
import type { MemoryDirectory } from '../support/memory-directory.ts';
import { failed, SUCCEEDED } from '../support/stage.ts';

const FAILED = { sstProvisioningMode: 'adding', sstProvisioningReturnValue: '6' };
const LONG = 10_000;

const world = fakeTimeStages();
const { pass } = world;
let directory: MemoryDirectory;

beforeEach(() => {
  directory = world.directory;
});

/** A service that an operator tells to settle the account `a` as finished. */
function started(runHandler: RunHandler = async () => failed(6), concurrency = 1) {
  const events$ = new Subject<StreamEvent>();
  const stage = world.start({ runHandler, concurrency, told: (event) => events$.next(event) });
  const { gate, accounts, settled$ } = stage;
  const { signal: draining } = stage.draining;
  const control = createControl({ gate, accounts, events$, draining, settle: (one) => settled$.next(one) });
  return {
    stage,
    drain: () => {
      stage.draining.abort();
      stage.drain$.next();
    },
    settle: async (atThatMoment = () => {}): Promise<ControlAnswer | undefined> => {
      const answer = control.settle({ uid: 'a', code: 0, who: 'alice (1000)' });
      atThatMoment();
      // A command waits 5 s, of which the service may take 2 s to find out who asks.
      return Promise.race([answer, pass(2_900).then(() => undefined)]);
    },
  };
}

describe('the answer to an operator who settles an account', () => {
  it('is that it is finished', async () => {
    const { settle } = started();
    directory.create('a', FAILED);
    await pass(100);
    expect(await settle()).toEqual({ done: true, words: expect.stringMatching(/^a is settled: added, state /) });
  });

  it('is that it waits for a worker', async () => {
    const { settle } = started(() => new Promise((resolve) => setTimeout(() => resolve(SUCCEEDED), LONG)));
    directory.create('a', FAILED);
    directory.create('b');
    await pass(100);
    expect(await settle()).toMatchObject({ done: true, words: expect.stringMatching(/^a waits for a worker/) });
    await pass(LONG);
    expect(directory.mode('a')).toBe('added');
  });

  it('is a refusal if the service stops, as nothing is begun any more', async () => {
    const { settle, drain } = started(() => new Promise((resolve) => setTimeout(() => resolve(SUCCEEDED), LONG)));
    directory.create('a', FAILED);
    directory.create('b');
    await pass(100);
    setTimeout(drain, 1_000);
    for (const _ of ['it stops meanwhile', 'it was told to stop before']) {
      expect(await settle()).toEqual({ done: false, words: 'a is not settled: the service stops.' });
    }
    await pass(LONG);
    expect(directory.mode('a')).toBe('adding');
  });

  it('is a refusal if the entry is deleted at that moment', async () => {
    const { settle } = started();
    directory.create('a', FAILED);
    await pass(100);
    expect(await settle(() => directory.remove('a'))).toEqual({
      done: false,
      words: 'a is not settled: its entry left (deleted).',
    });
  });

  it('is a refusal if something is asked of the account at that moment', async () => {
    const { settle } = started(async () => SUCCEEDED);
    directory.create('a', FAILED);
    await pass(100);
    const asked = { sstProvisioningMode: 'modify', sstProvisioningReturnValue: [] };
    expect(await settle(() => directory.write('a', asked))).toEqual({
      done: false,
      words: 'a is not settled: modify was asked for meanwhile.',
    });
    await pass(100);
    expect(directory.mode('a')).toBe('modified');
  });
});
