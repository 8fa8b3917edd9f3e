import { beforeEach, describe, expect, it } from 'vitest';
import type { AttributeNames } from '../../src/domain/account.ts';
import { claimFence, outcomeFence } from '../../src/domain/fence.ts';
import type { HandlerOutcome } from '../../src/domain/job.ts';
import type { ClaimedJob } from '../../streams/candidate.ts';
import { writeOutcome } from '../../streams/operators/write-back.ts';
import type { WriteBackResult } from '../../streams/turn/write-back-state.ts';
import { NAMES } from '../support/accounts.ts';
import { dnOf, type Fault, MemoryDirectory, type Operation } from '../support/memory-directory.ts';
import { failed, Stage, SUCCEEDED } from '../support/stage.ts';

const STATE = '20261123T101112Z';
const TIMED: AttributeNames = { ...NAMES, executionTime: 'sstProvisioningExecutionTime' };

let directory: MemoryDirectory;
let waits: number;

beforeEach(() => {
  directory = new MemoryDirectory();
  waits = 0;
});

function claimedJob(content: Record<string, string> = {}): ClaimedJob {
  const entry = directory.create('a', { sstProvisioningMode: 'adding', ...content });
  const record = new Stage({ directory }).record(entry);
  const fence = outcomeFence(claimFence(record, directory.fencing, '10000101'), record);
  return { id: 'job-1', mode: 'add', record, entry, fence, claimedAt: 0, attempt: 1, resumed: false, lost: 0 };
}

async function write(
  job: ClaimedJob,
  outcome: HandlerOutcome = SUCCEEDED,
  names = NAMES,
  alone = true,
): Promise<WriteBackResult> {
  const { turnDependencies } = new Stage({ directory, names, instances: alone ? 'one' : 'several' });
  const work = { job, outcome, tries: 0, milliseconds: 0 };
  const result = await writeOutcome('a', work, { ...turnDependencies, stateNow: () => STATE }, async () => {
    waits += 1;
    if (waits > 50) throw new Error('waits for ever');
  });
  if (result.kind === 'refused') throw result.error;
  return result;
}

/** The nth modify has this fault. */
function faultAt(nth: number, fault: Fault): void {
  let count = 0;
  directory.fault = ({ kind }: Operation) => {
    if (kind === 'modify') count += 1;
    return kind === 'modify' && count === nth ? fault : undefined;
  };
}

describe('a write-back', () => {
  it.each([
    ['untouched', () => {}],
    ['with another attribute changed', () => directory.write('a', { description: 'changed' })],
  ])('is written, once, by what is left where the server shows no version any more (%s)', async (_, change) => {
    const job = claimedJob();
    change();
    // Like an access rule that hides the number: no assertion about it matches.
    directory.meanwhile = ({ kind }) => {
      if (kind === 'read') directory.fencing = 'token';
    };
    directory.fault = ({ kind }) =>
      kind === 'modify' && directory.operations.length === 1 ? { code: 122 } : undefined;
    expect(await write(job)).toMatchObject({ kind: 'written' });
    expect(directory.mode('a')).toBe('added');
    expect(directory.operations.map(({ kind }) => kind)).toEqual(['modify', 'read', 'modify']);
    expect(waits).toBe(0);
  });

  it('writes a success in one modify, and answers how the account stands', async () => {
    const result = await write(claimedJob());
    expect(result).toMatchObject({ kind: 'written', state: STATE, record: { mode: 'added', state: STATE } });
    expect(directory.operations).toHaveLength(1);
  });

  it('writes the execution times of the steps where they have an attribute', async () => {
    await write(claimedJob(), SUCCEEDED, TIMED);
    expect(directory.value('a', 'sstProvisioningExecutionTime')).toBe('script: 0.012');
  });

  it('recognises its own success when the answer to it was lost', async () => {
    faultAt(1, 'lostAfter');
    expect(await write(claimedJob())).toMatchObject({ kind: 'written', state: STATE });
    expect(waits).toBe(1);
    expect(directory.mode('a')).toBe('added');
  });

  it("does not take another service's failure with the same code for its own that was refused", async () => {
    const job = claimedJob();
    directory.write('a', { sstProvisioningReturnValue: '7' });
    expect(await write(job, failed(7), NAMES, false)).toMatchObject({
      kind: 'superseded',
      record: { returnValue: '7' },
    });
  });

  it('writes again when the request was lost', async () => {
    faultAt(1, 'lostBefore');
    expect(await write(claimedJob())).toMatchObject({ kind: 'written' });
    expect(directory.mode('a')).toBe('added');
  });

  it('writes a failure again when the answer to it was lost', async () => {
    faultAt(1, 'lostAfter');
    expect(await write(claimedJob(), failed(7))).toMatchObject({ kind: 'written', record: { returnValue: '7' } });
    expect(directory.value('a', 'sstProvisioningReturnValue')).toBe('7');
  });

  it.each(['lostBefore', 'lostAfter'] as const)(
    'writes once next to other services if the answer is %s',
    async (fault) => {
      faultAt(1, fault);
      expect(await write(claimedJob(), SUCCEEDED, NAMES, false)).toMatchObject({ kind: 'written', state: STATE });
      expect(directory.mode('a')).toBe('added');
    },
  );

  it("does not take another service's claim of a newer request for its own, after an answer was lost", async () => {
    const job = claimedJob();
    faultAt(1, 'lostAfter');
    let operations = 0;
    directory.meanwhile = () => {
      operations += 1;
      if (operations !== 2) return;
      directory.write('a', { sstProvisioningMode: 'add', sstProvisioningState: '0' });
      directory.write('a', { sstProvisioningMode: 'adding' });
    };
    expect(await write(job, SUCCEEDED, NAMES, false)).toMatchObject({ kind: 'superseded', record: { mode: 'adding' } });
    expect(directory.mode('a')).toBe('adding');
  });

  it('does not take a newer success, or a newer request, for its own lost one', async () => {
    const job = claimedJob();
    faultAt(1, 'lostAfter');
    directory.meanwhile = () => {};
    let operations = 0;
    directory.meanwhile = () => {
      operations += 1;
      if (operations === 2) directory.write('a', { sstProvisioningMode: 'modify', sstProvisioningState: '0' });
    };
    expect(await write(job)).toMatchObject({ kind: 'superseded', record: { mode: 'modify' } });
    expect(directory.mode('a')).toBe('modify');
  });

  it.each([17, 19, 21, 65])(
    'keeps the return value where only the execution times are refused with %i',
    async (code) => {
      directory.unfit.set('sstprovisioningexecutiontime', code);
      expect(await write(claimedJob(), failed(7), TIMED)).toMatchObject({
        kind: 'written',
        record: { returnValue: '7' },
      });
      expect(directory.value('a', 'sstProvisioningReturnValue')).toBe('7');
    },
  );

  it.each([17, 65])('writes what can be written where the return value is refused with %i', async (code) => {
    directory.unfit.set('sstprovisioningreturnvalue', code);
    directory.unfit.set('sstprovisioningexecutiontime', code);
    expect(await write(claimedJob(), SUCCEEDED, TIMED)).toMatchObject({ kind: 'written' });
    expect(directory.mode('a')).toBe('added');
  });

  it('answers of a failure that could not be noted that the account stands as before', async () => {
    directory.unfit.set('sstprovisioningreturnvalue', 17);
    const result = await write(claimedJob(), failed(7));
    expect(result).toMatchObject({ kind: 'written', record: { mode: 'adding', returnValue: undefined } });
  });

  it('finds that the entry is gone where the server answers insufficient access instead', async () => {
    const job = claimedJob();
    directory.remove('a');
    directory.fault = ({ kind }) => (kind === 'modify' ? { code: 50 } : undefined);
    expect(await write(job)).toMatchObject({ kind: 'superseded', reason: 'the entry is gone' });
  });

  it.each<[string, HandlerOutcome, Record<string, string>]>([
    ['a success', SUCCEEDED, { sstProvisioningMode: 'added', sstProvisioningReturnValue: '0' }],
    ['a failure', failed(5), { sstProvisioningMode: 'adding', sstProvisioningReturnValue: '5' }],
  ])('leaves the execution times out of %s where the directory refuses them', async (_, outcome, expected) => {
    const job = claimedJob();
    directory.fault = ({ modifications }) =>
      modifications.some(({ attribute }) => attribute === TIMED.executionTime) ? { code: 50 } : undefined;
    expect(await write(job, outcome, TIMED)).toMatchObject({ kind: 'written', returnValueWritten: true });
    for (const [name, value] of Object.entries(expected)) expect(directory.value('a', name)).toBe(value);
  });

  it('rejects with a refusal that nothing explains', async () => {
    directory.fault = ({ kind }) => (kind === 'modify' ? { code: 50 } : undefined);
    await expect(write(claimedJob())).rejects.toMatchObject({ resultCode: 50 });
  });

  it('rejects with a mismatch that nothing explains, instead of asking forever', async () => {
    directory.fault = ({ kind }) => (kind === 'modify' ? { code: 16 } : undefined);
    await expect(write(claimedJob())).rejects.toMatchObject({ resultCode: 16 });
    expect(directory.operations.length).toBeLessThan(5);
  });

  it('is superseded next to other services if the day changed, as another one has claimed a newer request', async () => {
    const job = claimedJob();
    directory.write('a', { sstProvisioningMode: 'add', sstProvisioningDate: '20261101' });
    directory.write('a', { sstProvisioningMode: 'adding' });
    expect(await write(job, SUCCEEDED, NAMES, false)).toMatchObject({ kind: 'superseded', record: { mode: 'adding' } });
    expect(directory.mode('a')).toBe('adding');
  });

  it('leaves a date alone that was changed meanwhile, however often the write is repeated', async () => {
    const job = claimedJob({ sstProvisioningDate: '20261101' });
    directory.write('a', { sstProvisioningDate: '20270101' });
    faultAt(2, { code: 16 });
    let reads = 0;
    directory.meanwhile = ({ kind }) => {
      if (kind !== 'read') return;
      reads += 1;
      if (reads === 2) directory.write('a', { sstProvisioningDate: '20270202' });
    };
    expect(await write(job)).toMatchObject({ kind: 'written' });
    expect(directory.value('a', 'sstProvisioningDate')).toBe('20270202');
  });

  it('looks for the entry again if the server is unwilling under its old name', async () => {
    const job = claimedJob();
    directory.rename('a', 'b');
    directory.fault = ({ kind, dn }) => (kind === 'modify' && dn === dnOf('a') ? { code: 53 } : undefined);
    expect(await write(job)).toMatchObject({ kind: 'written' });
    expect(directory.mode('b')).toBe('added');
  });

  it('does not take another spelling of its name for another place that the refusal comes from', async () => {
    const job = claimedJob();
    const record = { ...job.record, dn: job.record.dn.replace('uid=a', 'USERID=\\61') };
    directory.fault = ({ kind }) => (kind === 'modify' ? { code: 50 } : undefined);
    await expect(write({ ...job, record }, failed(5))).rejects.toMatchObject({ resultCode: 50 });
    expect(directory.operations.filter(({ kind }) => kind === 'modify')).toHaveLength(1);
  });

  it('follows a renamed entry also through an outage', async () => {
    const job = claimedJob();
    directory.rename('a', 'b');
    let failures = 3;
    directory.fault = ({ kind }) => (kind !== 'modify' && failures-- > 0 ? 'lostBefore' : undefined);
    expect(await write(job)).toMatchObject({ kind: 'written' });
    expect(directory.mode('b')).toBe('added');
    expect(waits).toBe(3);
  });

  it("is superseded where the entry became another program's", async () => {
    const job = claimedJob();
    directory.write('a', { sstProvisioningMode: 'snapshot' });
    expect(await write(job)).toMatchObject({ kind: 'superseded' });
    expect(directory.mode('a')).toBe('snapshot');
  });

  it('rejects with the reason of the service when that stops while it waits', async () => {
    directory.away = true;
    const job = claimedJob();
    await expect(write(job)).rejects.toThrow('waits for ever');
  });
});
