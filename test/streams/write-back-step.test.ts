import { describe, expect, it } from 'vitest';
import type { AccountRecord, AttributeNames } from '../../src/domain/account.ts';
import { DirectoryError, ResultCode } from '../../src/domain/directory-error.ts';
import { entryOf } from '../../src/domain/entry.ts';
import type { Fence } from '../../src/domain/fence.ts';
import type { HandlerOutcome } from '../../src/domain/job.ts';
import { readAccount } from '../../src/domain/read-account.ts';
import type { ClaimedJob } from '../../streams/candidate.ts';
import type { WriteBackInput, WriteBackNext, WriteBackState } from '../../streams/turn/write-back-state.ts';
import { beginWriteBack, stepWriteBack } from '../../streams/turn/write-back-step.ts';
import { accountRecord } from '../support/account-record.ts';
import { NAMES } from '../support/accounts.ts';
import { failed, SUCCEEDED } from '../support/stage.ts';

const NOW = '20261123T101112Z';
const TIMED: AttributeNames = { ...NAMES, executionTime: 'sstProvisioningExecutionTime' };
const ENTRY = { uid: 'a', entryUUID: 'uuid-a', sstProvisioningMode: 'adding', sstProvisioningState: '0' };
const entry = (more: Record<string, string> = {}) => entryOf('uid=a,dc=example', { ...ENTRY, ...more });
const refused = (resultCode?: number) =>
  ({ got: 'error', error: new DirectoryError('no', resultCode === undefined ? {} : { resultCode }) }) as const;
const standing = (given: ReturnType<typeof entry> | undefined): WriteBackInput => ({
  got: 'standing',
  entry: given,
  askedAgain: false,
  mayBeTakenOver: false,
});

/** A write-back of the account `a`, which is stepped by the answers of the directory. */
function writeBack(
  outcome: HandlerOutcome,
  names = TIMED,
  date?: AccountRecord['date'],
  fence: Fence = { by: 'nothing' },
) {
  const rules = { names, readStanding: (given: ReturnType<typeof entry>) => readAccount(given, names, null) };
  const job: ClaimedJob = {
    id: 'job-1',
    mode: 'add',
    record: accountRecord({ mode: 'adding', date }),
    entry: entry(),
    fence,
    claimedAt: 0,
    attempt: 1,
    resumed: false,
    lost: 0,
  };
  let next: WriteBackNext = beginWriteBack({ job, outcome, tries: 0, milliseconds: 0 }, NOW, rules);
  const state = (): WriteBackState => {
    if ('result' in next) throw new Error(`it has ended: ${next.result.kind}`);
    return next.state;
  };
  return {
    step(...inputs: ReadonlyArray<WriteBackInput | ReturnType<typeof refused>>): WriteBackNext {
      for (const input of inputs) next = stepWriteBack(state(), input, rules);
      return next;
    },
    next: () => next,
    /** The attributes that are being written. */
    written(): readonly string[] {
      if (!('effect' in next) || next.effect.do !== 'modify') throw new Error('it writes nothing');
      return [...new Set(next.effect.list.map(({ attribute }) => attribute.replace('sstProvisioning', '')))];
    },
  };
}

describe('the write-back of an outcome', () => {
  const BOTH = ['Mode', 'State'];

  it('says what was written, and its version if the server tells it', () => {
    const record = { mode: 'added', state: NOW };
    expect(writeBack(SUCCEEDED).step({ got: 'written', made: '7' })).toMatchObject({
      result: {
        kind: 'written',
        state: NOW,
        record: { ...record, entryCSN: '7' },
        returnValueWritten: true,
        made: '7',
      },
    });
    const untold = writeBack(failed(5)).step({ got: 'written', made: undefined });
    expect(untold).toMatchObject({
      result: { kind: 'written', state: '0', record: { mode: 'adding', returnValue: '5' } },
    });
    expect(untold).not.toHaveProperty('result.record.entryCSN');
  });

  it('is announced, with the account as it will be, before it is sent', () => {
    const record = { mode: 'added', state: NOW };
    expect(writeBack(SUCCEEDED).next().notes).toMatchObject([{ note: 'writing', record }]);
  });

  it('has no return value or execution time at a site that does not use them', () => {
    const back = writeBack(failed(5), { ...NAMES, returnValue: null });
    expect(back.written()).toEqual(BOTH);
    expect(back.step({ got: 'written', made: undefined })).toMatchObject({
      result: { record: { returnValue: undefined } },
    });
    const unfit = refused(ResultCode.objectClassViolation);
    const untimed = writeBack(failed(5), NAMES);
    expect(untimed.next()).toMatchObject({ state: { memory: { optional: 'returnValue' } } });
    untimed.step(unfit);
    expect(untimed.written(), 'it is not sent twice as it was').toEqual(BOTH);
  });

  it('resets the date of a success, unless somebody has changed it since the claim', () => {
    const sent = (stands: string) => {
      const back = writeBack(SUCCEEDED, NAMES, { name: 'sstProvisioningDate', value: '20261101' });
      expect(back.written()).toContain('Date');
      back.step(refused(), { got: 'time' }, standing(entry({ sstProvisioningDate: stands })));
      return back.written();
    };
    expect(sent('20261101')).toContain('Date');
    expect(sent('20261231')).not.toContain('Date');
  });

  it('leaves out the optional attributes one by one, if the schema refuses them', () => {
    const unfit = refused(ResultCode.objectClassViolation);
    const back = writeBack(failed(5));
    expect(back.written()).toEqual([...BOTH, 'ReturnValue', 'ExecutionTime']);
    back.step(unfit);
    expect(back.written()).toEqual([...BOTH, 'ReturnValue']);
    back.step(unfit);
    expect(back.written()).toEqual(BOTH);
    const done = back.step({ got: 'written', made: undefined });
    expect(done).toMatchObject({ result: { returnValueWritten: false, record: { returnValue: undefined } } });
  });

  it('reads the entry if the schema refuses what is not optional', () => {
    const unfit = refused(ResultCode.objectClassViolation);
    const back = writeBack(SUCCEEDED);
    expect(back.step(unfit, unfit, unfit)).toMatchObject({ state: { at: 'reading' }, effect: { do: 'find' } });
  });

  it('gives up the return value of a success, but not that of a failure, if it may not be written', () => {
    const denied = refused(ResultCode.insufficientAccessRights);
    const success = writeBack(SUCCEEDED);
    success.step(denied, denied);
    expect(success.written()).toEqual(BOTH);
    const failure = writeBack(failed(5));
    failure.step(denied);
    expect(failure.written()).toEqual([...BOTH, 'ReturnValue']);
    expect(failure.step(denied)).toMatchObject({ state: { at: 'reading' } });
  });

  it('counts the reads without an answer, one after another', () => {
    const back = writeBack(SUCCEEDED);
    const first = { notes: [], state: { at: 'pausing', failures: 0 }, effect: { failures: 1 } };
    expect(back.step(refused())).toMatchObject(first);
    expect(back.step({ got: 'time' })).toMatchObject({ notes: [], state: { at: 'reading' } });
    expect(back.step(refused())).toMatchObject({ notes: [], state: { failures: 1 }, effect: { failures: 1 } });
    expect(back.step({ got: 'time' }, refused())).toMatchObject({ state: { failures: 2 }, effect: { failures: 2 } });
    const denied = refused(ResultCode.insufficientAccessRights);
    expect(back.step({ got: 'time' }, denied)).toEqual({ notes: [], result: { kind: 'refused', error: denied.error } });
  });

  it('is superseded by whatever else the entry says, and shows it', () => {
    const mismatch = refused(ResultCode.assertionFailed);
    const found = (given: ReturnType<typeof entry> | undefined) => writeBack(SUCCEEDED).step(mismatch, standing(given));
    expect(found(undefined)).toMatchObject({ result: { reason: 'the entry is gone', record: undefined } });
    expect(found(entry({ sstProvisioningMode: 'delete' }))).toMatchObject({
      result: { kind: 'superseded', reason: 'the account now says delete, state 0' },
    });
    expect(found(entry({ sstProvisioningMode: 'modifying' }))).toMatchObject({
      result: { kind: 'superseded', reason: 'the account now says modifying, state 0' },
    });
    expect(found(entry({ entryUUID: 'uuid-b' }))).toMatchObject({
      result: { reason: 'the entry was deleted and created again' },
    });
    const foreign = "the mode initialized is another program's";
    expect(found(entry({ sstProvisioningMode: 'initialized' }))).toMatchObject({
      result: { reason: `the account now says ${foreign}`, record: { uid: 'a', mode: foreign, state: '' } },
    });
  });

  it('is superseded if another version shows that the account was written to since the claim', () => {
    const back = writeBack(SUCCEEDED, NAMES, undefined, { by: 'version', entryCSN: '1' });
    back.step(refused(ResultCode.assertionFailed));
    expect(back.step(standing(entry({ entryCSN: '2' })))).toMatchObject({
      result: { kind: 'superseded', reason: 'somebody wrote to the account since the claim' },
    });
  });

  it('says of a write without an answer that was carried out whether it had the return value', () => {
    const unfit = refused(ResultCode.objectClassViolation);
    const unanswered = [refused(), { got: 'time' }] as const;
    const version: Fence = { by: 'version', entryCSN: '1' };
    const carriedOut = (returnValueWritten: boolean) => ({ result: { kind: 'written', returnValueWritten } });

    const finished = entry({ sstProvisioningMode: 'added', sstProvisioningState: NOW });
    expect(writeBack(SUCCEEDED).step(...unanswered, standing(finished))).toMatchObject(carriedOut(true));

    const failure = writeBack(failed(5));
    failure.step(...unanswered, standing(entry()), unfit, unfit);
    expect(failure.written()).toEqual(BOTH);
    const late = failure.step(...unanswered, standing(entry({ sstProvisioningReturnValue: '5' })));
    expect(late, 'the first of the writes').toMatchObject(carriedOut(true));

    const silent = writeBack(failed(5), TIMED, undefined, version);
    silent.step(unfit, unfit, ...unanswered);
    expect(silent.step(standing(entry({ entryCSN: '2' })))).toMatchObject(carriedOut(false));

    const siteWithout = writeBack(failed(5), { ...TIMED, returnValue: null }, undefined, version);
    siteWithout.step(...unanswered);
    expect(siteWithout.step(standing(entry({ entryCSN: '2' }))), 'no return value is missing').toMatchObject(
      carriedOut(true),
    );
  });

  it('is sent again if no answer came and the account is still as it was claimed', () => {
    const back = writeBack(SUCCEEDED);
    const again = back.step(refused(), { got: 'time' }, standing(entry()));
    expect(again).toMatchObject({ state: { at: 'sending', memory: { unansweredWrites: 1 } } });
  });
});
