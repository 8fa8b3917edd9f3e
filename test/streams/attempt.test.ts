import { lastValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HandlerOutcome, RunHandler } from '../../src/domain/job.ts';
import type { Candidate } from '../../streams/candidate.ts';
import { takeTurn } from '../../streams/pipeline.ts';
import type { TurnResult } from '../../streams/turn/turn.ts';
import { NAMES } from '../support/accounts.ts';
import { MemoryDirectory } from '../support/memory-directory.ts';
import { failed, Stage, SUCCEEDED } from '../support/stage.ts';

let directory: MemoryDirectory;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 23, 10, 0, 0) });
  directory = new MemoryDirectory(() => Date.now());
});

afterEach(() => {
  vi.useRealTimers();
});

/** Runs an attempt to its end, with all its waits. */
async function settled(stage: Stage, candidate: Candidate): Promise<TurnResult> {
  const result = lastValueFrom(takeTurn(candidate, stage.turnDependencies));
  result.catch(() => {});
  await vi.advanceTimersByTimeAsync(120_000);
  return result;
}

const ends =
  (outcome: HandlerOutcome): RunHandler =>
  () =>
    Promise.resolve(outcome);

describe('an attempt that succeeds', () => {
  it('claims, runs the handler, writes the outcome, and forgets the account', async () => {
    const stage = new Stage({ directory });
    const candidate = stage.candidate(directory.create('a', { sstProvisioningDate: '20261101' }));
    expect(await settled(stage, candidate)).toEqual({ at: 'done' });
    expect(directory.mode('a')).toBe('added');
    expect(directory.value('a', 'sstProvisioningState')).toBe('20261123T100000Z');
    expect(directory.value('a', 'sstProvisioningDate')).toBe('0');
    expect(directory.value('a', 'sstProvisioningReturnValue')).toBe('0');
    expect(stage.told).toEqual(['claimed', 'finished']);
    expect(stage.open.size).toBe(0);
    expect(directory.operations.map(({ kind }) => kind)).toEqual(['modify', 'modify']);
  });

  it('clears the return value of an earlier attempt with the claim', async () => {
    const stage = new Stage({
      directory,
      runHandler: async () => {
        expect(directory.value('a', 'sstProvisioningReturnValue')).toBeUndefined();
        return SUCCEEDED;
      },
    });
    await settled(stage, stage.candidate(directory.create('a', { sstProvisioningReturnValue: '7' })));
    expect(stage.jobs).toHaveLength(1);
  });

  it('gives the handler the entry as it stands after the claim, where the server tells and where it does not', async () => {
    for (const postRead of [true, false]) {
      directory = new MemoryDirectory();
      directory.postRead = postRead;
      const stage = new Stage({ directory });
      const candidate = stage.candidate(directory.create('a', { sstQuota: '1' }));
      directory.write('a', { sstQuota: '2' });
      await settled(stage, candidate);
      expect(stage.jobs[0]?.entry.values('sstQuota')[0]?.toString()).toBe('2');
      expect(stage.jobs[0]).toMatchObject({ mode: 'add', attempt: 1, resumed: false, record: { mode: 'adding' } });
    }
  });

  it.each(['sstProvisioningDate', 'sstProvisioningExecutionDate'])(
    'resets the date under the name %s',
    async (name) => {
      const stage = new Stage({ directory });
      const other = name === 'sstProvisioningDate' ? 'sstProvisioningExecutionDate' : 'sstProvisioningDate';
      await settled(stage, stage.candidate(directory.create('a', { sstProvisioningDate: [], [name]: '20260101' })));
      expect(directory.value('a', name)).toBe('0');
      expect(directory.value('a', other)).toBeUndefined();
    },
  );
});

describe('an attempt that fails', () => {
  it('writes the return value, leaves the account in work, and remembers how it stands', async () => {
    const stage = new Stage({ directory, runHandler: ends(failed(5)) });
    expect(await settled(stage, stage.candidate(directory.create('a')))).toMatchObject({
      at: 'rests',
      why: { condition: 'failed', returnValue: 5 },
    });
    expect(directory.mode('a')).toBe('adding');
    expect(directory.value('a', 'sstProvisioningState')).toBe('0');
    expect(directory.value('a', 'sstProvisioningReturnValue')).toBe('5');
    expect(stage.events.at(-1)).toMatchObject({ event: 'failed', returnValue: 5, step: 'script' });
    expect(stage.events.at(-1)).toHaveProperty('reason', expect.stringContaining('CANNOT_CREATE_HOME_DIR'));
    expect(stage.open.seen(stage.record(directory.entry('a'))).isEcho).toBe(true);
  });

  it('takes a newer request for news', async () => {
    const stage = new Stage({ directory, runHandler: ends(failed(5)) });
    await settled(stage, stage.candidate(directory.create('a')));
    directory.write('a', { sstProvisioningMode: 'add' });
    expect(stage.open.seen(stage.record(directory.entry('a'))).isEcho).toBe(false);
  });

  it('asks to be repeated after a pause where the script says that it may help, and counts the attempts', async () => {
    const stage = new Stage({ directory, runHandler: ends(failed(75)) });
    const first = await settled(stage, stage.candidate(directory.create('a')));
    expect(first).toMatchObject({ at: 'paused', inMilliseconds: 5_000, candidate: { ownWork: { attempt: 2 } } });
    const second = await settled(stage, (first as { candidate: Candidate }).candidate);
    expect(second).toMatchObject({ at: 'paused', inMilliseconds: 10_000, candidate: { ownWork: { attempt: 3 } } });
    expect(directory.value('a', 'sstProvisioningReturnValue')).toBeUndefined();
    expect(await settled(stage, (second as { candidate: Candidate }).candidate)).toMatchObject({
      at: 'rests',
      why: { condition: 'failed', returnValue: 75 },
    });
    expect(directory.value('a', 'sstProvisioningReturnValue')).toBe('75');
    expect(stage.jobs.map(({ attempt, resumed }) => [attempt, resumed])).toEqual([
      [1, false],
      [2, false],
      [3, false],
    ]);
  });

  it('names who wrote the request, also after attempts that were tried again', async () => {
    const stage = new Stage({ directory, runHandler: ends(failed(75)) });
    let result = await settled(stage, stage.candidate(directory.create('a')));
    while (result.at === 'paused') result = await settled(stage, result.candidate);
    const modifiedBy = 'cn=admin,dc=example,dc=org';
    expect(stage.record(directory.entry('a')).modifiedBy).toBe('cn=service,dc=example,dc=org');
    expect(stage.jobs).toHaveLength(3);
    expect(stage.events.at(-1)).toMatchObject({ event: 'failed', modifiedBy });
    expect(result).toMatchObject({ at: 'rests', why: { modifiedBy } });
  });

  it('names who wrote the request where the answer to the claim was lost', async () => {
    const stage = new Stage({ directory, runHandler: ends(failed(5)) });
    const candidate = stage.candidate(directory.create('a'));
    let requests = 0;
    directory.fault = () => (++requests === 1 ? 'lostAfter' : undefined);
    await settled(stage, candidate);
    expect(stage.events.at(-1)).toMatchObject({ event: 'failed', modifiedBy: 'cn=admin,dc=example,dc=org' });
  });

  it('names nobody where it was in work before the service knew it', async () => {
    const stage = new Stage({ directory, runHandler: ends(failed(5)) });
    await settled(stage, stage.candidate(directory.create('a', { sstProvisioningMode: 'adding' })));
    expect(stage.events.at(-1)).toMatchObject({ event: 'failed', returnValue: 5 });
    expect(stage.events.at(-1)).not.toHaveProperty('modifiedBy');
  });

  it('serves a newer request with a first attempt where one was written during the pause', async () => {
    const stage = new Stage({ directory, runHandler: ends(failed(75)) });
    const first = await settled(stage, stage.candidate(directory.create('a')));
    directory.write('a', { sstProvisioningMode: 'modify' });
    await settled(stage, (first as { candidate: Candidate }).candidate);
    expect(stage.jobs.map(({ mode, attempt }) => [mode, attempt])).toEqual([
      ['add', 1],
      ['modify', 1],
    ]);
  });

  it('finds during the pause that the account is gone', async () => {
    const stage = new Stage({ directory, runHandler: ends(failed(75)) });
    const first = await settled(stage, stage.candidate(directory.create('a')));
    directory.remove('a');
    expect(await settled(stage, (first as { candidate: Candidate }).candidate)).toEqual({ at: 'done' });
    expect(stage.told.at(-1)).toBe('left');
    expect(stage.jobs).toHaveLength(1);
  });

  it('writes nothing where the service was told to stop at once', async () => {
    const stage = new Stage({ directory, runHandler: ends({ ...failed(1), aborted: true } as HandlerOutcome) });
    expect(await settled(stage, stage.candidate(directory.create('a')))).toEqual({ at: 'done', interrupted: true });
    expect(directory.mode('a')).toBe('adding');
    expect(directory.value('a', 'sstProvisioningReturnValue')).toBeUndefined();
  });

  it.each([
    ['is not configured', { ...NAMES, returnValue: null }, false],
    ['is not in the schema', NAMES, true],
  ])('takes the echo of a failure for its own where a return value %s', async (_, names, unfit) => {
    const stage = new Stage({ directory, names, runHandler: ends(failed(5)) });
    if (unfit) directory.unfit.set('sstprovisioningreturnvalue', 17);
    await settled(stage, stage.candidate(directory.create('a')));
    expect(stage.told.at(-1)).toBe('failed');
    expect(stage.open.seen(stage.record(directory.entry('a'))).isEcho).toBe(true);
  });
});

describe('an attempt that comes too late', () => {
  it('does not overwrite a newer request, and comes back for it', async () => {
    const stage = new Stage({
      directory,
      runHandler: async () => {
        directory.write('a', { sstProvisioningMode: 'modify' });
        return SUCCEEDED;
      },
    });
    const result = await settled(stage, stage.candidate(directory.create('a')));
    expect(result).toMatchObject({ at: 'decideAgain', candidate: { record: { mode: 'modify' } } });
    expect(directory.mode('a')).toBe('modify');
    expect(stage.events.at(-1)).toMatchObject({ event: 'superseded', reason: 'the account now says modify, state 0' });
  });

  it('does not overwrite the same request when it was written again', async () => {
    const stage = new Stage({
      directory,
      runHandler: async () => {
        directory.write('a', { sstProvisioningMode: 'add' });
        return SUCCEEDED;
      },
    });
    expect((await settled(stage, stage.candidate(directory.create('a')))).at).toBe('decideAgain');
    expect(directory.mode('a')).toBe('add');
  });

  it('does not write a failure over a newer request', async () => {
    const stage = new Stage({
      directory,
      runHandler: async () => {
        directory.write('a', { sstProvisioningMode: 'modify' });
        return failed(1);
      },
    });
    expect((await settled(stage, stage.candidate(directory.create('a')))).at).toBe('decideAgain');
    expect(directory.mode('a')).toBe('modify');
    expect(directory.value('a', 'sstProvisioningReturnValue')).toBeUndefined();
  });

  it('has nothing left to do where the entry was deleted', async () => {
    const stage = new Stage({
      directory,
      runHandler: async () => {
        directory.remove('a');
        return SUCCEEDED;
      },
    });
    expect(await settled(stage, stage.candidate(directory.create('a')))).toEqual({ at: 'done' });
    expect(stage.events.at(-1)).toMatchObject({ event: 'superseded', reason: 'the entry is gone' });
    expect(stage.open.size).toBe(0);
  });

  it('comes back for an entry that was deleted and created again, as the other account that it is', async () => {
    const stage = new Stage({
      directory,
      runHandler: async () => {
        directory.remove('a');
        directory.create('a');
        return SUCCEEDED;
      },
    });
    const first = stage.candidate(directory.create('a'));
    const result = await settled(stage, first);
    expect(stage.events.at(-1)).toHaveProperty('reason', 'the entry was deleted and created again');
    if (result.at !== 'decideAgain') throw new Error(result.at);
    expect(result.candidate.id).toBe(result.candidate.record.entryUUID);
    expect(result.candidate.id).not.toBe(first.id);
    expect(directory.mode('a')).toBe('add');
    expect(stage.open.left(first.record.dn, first.id)).toBeUndefined();
  });

  it('follows an entry that was renamed', async () => {
    const stage = new Stage({
      directory,
      runHandler: async () => {
        directory.rename('a', 'b');
        return SUCCEEDED;
      },
    });
    expect(await settled(stage, stage.candidate(directory.create('a')))).toEqual({ at: 'done' });
    expect(directory.mode('b')).toBe('added');
  });

  it('leaves a date that somebody wrote while the handler ran', async () => {
    const stage = new Stage({
      directory,
      runHandler: async () => {
        directory.write('a', { sstProvisioningDate: '20270101' });
        return SUCCEEDED;
      },
    });
    await settled(stage, stage.candidate(directory.create('a', { sstProvisioningDate: '20261101' })));
    expect(directory.mode('a')).toBe('added');
    expect(directory.value('a', 'sstProvisioningDate')).toBe('20270101');
  });
});

describe('an attempt, while the directory is away', () => {
  it('keeps the outcome and writes it afterwards, without another run of the handler', async () => {
    const stage = new Stage({
      directory,
      runHandler: async () => {
        directory.away = true;
        setTimeout(() => {
          directory.away = false;
        }, 60_000);
        return SUCCEEDED;
      },
    });
    expect(await settled(stage, stage.candidate(directory.create('a')))).toEqual({ at: 'done' });
    expect(directory.mode('a')).toBe('added');
    expect(directory.value('a', 'sstProvisioningState')).toBe('20261123T100000Z');
    expect(stage.jobs).toHaveLength(1);
    expect(stage.told.filter((name) => name === 'retrying').length).toBeGreaterThan(5);
  });

  it('waits before the claim', async () => {
    const stage = new Stage({ directory });
    const candidate = stage.candidate(directory.create('a'));
    directory.away = true;
    setTimeout(() => {
      directory.away = false;
    }, 30_000);
    await settled(stage, candidate);
    expect(directory.mode('a')).toBe('added');
  });

  it('gives up waiting, and writes nothing, when the service stops', async () => {
    const stage = new Stage({ directory });
    const candidate = stage.candidate(directory.create('a'));
    directory.away = true;
    setTimeout(() => stage.abort.abort(new Error('told to stop')), 10_000);
    expect(await settled(stage, candidate)).toEqual({ at: 'done' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('rejects with what is a bug', async () => {
    const stage = new Stage({ directory, runHandler: () => Promise.reject(new TypeError('bug')) });
    await expect(settled(stage, stage.candidate(directory.create('a')))).rejects.toThrow('bug');
  });
});

describe('an attempt that the directory refuses', () => {
  const denyMode = (word: string) => {
    directory.fault = ({ modifications }) =>
      modifications.some(({ values, operation }) => operation === 'add' && values[0] === word)
        ? { code: 50 }
        : undefined;
  };

  it("is told with the remedy when the claim is refused, and the account is nobody's", async () => {
    const stage = new Stage({ directory });
    const candidate = stage.candidate(directory.create('a'));
    stage.open.seen(candidate.record);
    denyMode('adding');
    expect(await settled(stage, candidate)).toMatchObject({ at: 'rests', why: { condition: 'waiting' } });
    expect(stage.events.at(-1)).toMatchObject({ event: 'skipped' });
    expect(stage.open.left(candidate.record.dn, candidate.id)).toMatchObject({ working: false });
    expect(stage.jobs).toHaveLength(0);
  });

  it('keeps a refused outcome, and offers it again without another run', async () => {
    const stage = new Stage({ directory });
    const candidate = stage.candidate(directory.create('a'));
    denyMode('added');
    const first = await settled(stage, candidate);
    expect(first).toMatchObject({ at: 'paused', inMilliseconds: 5_000, candidate: { ownWork: { kind: 'unwritten' } } });
    const second = await settled(stage, (first as { candidate: Candidate }).candidate);
    expect(second).toMatchObject({ at: 'paused', inMilliseconds: 10_000 });
    directory.fault = () => undefined;
    expect(await settled(stage, (second as { candidate: Candidate }).candidate)).toEqual({ at: 'done' });
    expect(directory.mode('a')).toBe('added');
    expect(stage.jobs).toHaveLength(1);
    expect(stage.told.at(-1)).toBe('finished');
  });

  it('says of an entry that became too large at its claim what to do, runs nothing, and resumes it when it is smaller', async () => {
    directory.postRead = false;
    const stage = new Stage({ directory });
    const candidate = stage.candidate(directory.create('a'));
    directory.fault = ({ kind }) => (kind === 'read' ? { code: 90 } : undefined);
    expect(await settled(stage, candidate)).toMatchObject({ at: 'rests', why: { condition: 'waiting' } });
    expect(stage.told).toEqual(['skipped']);
    expect(stage.events.at(-1)).toMatchObject({
      reason: expect.stringContaining('it cannot be worked on'),
      resultCode: 90,
    });
    expect(stage.jobs).toHaveLength(0);
    directory.fault = () => undefined;
    await settled(stage, stage.candidate(directory.entry('a')));
    expect(stage.told.slice(1)).toEqual(['resumed', 'finished']);
  });

  it('keeps the outcome for an entry that became too large to see why it was refused', async () => {
    const stage = new Stage({ directory });
    const candidate = stage.candidate(directory.create('a'));
    directory.fault = ({ kind, modifications }) =>
      kind === 'read'
        ? { code: 90 }
        : modifications.some(({ values }) => values[0] === 'added')
          ? { code: 16 }
          : undefined;
    const first = await settled(stage, candidate);
    expect(first).toMatchObject({ at: 'paused', candidate: { ownWork: { kind: 'unwritten' } } });
    directory.fault = () => undefined;
    await settled(stage, (first as { candidate: Candidate }).candidate);
    expect(directory.mode('a')).toBe('added');
    expect(stage.jobs).toHaveLength(1);
  });

  it('does not offer a kept outcome over a newer request', async () => {
    const stage = new Stage({ directory });
    const candidate = stage.candidate(directory.create('a'));
    denyMode('added');
    const first = await settled(stage, candidate);
    directory.fault = () => undefined;
    directory.write('a', { sstProvisioningMode: 'modify' });
    const second = await settled(stage, (first as { candidate: Candidate }).candidate);
    expect(second).toMatchObject({ at: 'decideAgain', candidate: { record: { mode: 'modify' } } });
    expect(directory.mode('a')).toBe('modify');
  });
});
