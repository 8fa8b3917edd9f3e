import { describe, expect, it } from 'vitest';
import type { AccountRecord } from '../../src/domain/account.ts';
import { DirectoryError, ResultCode } from '../../src/domain/directory-error.ts';
import { entryOf } from '../../src/domain/entry.ts';
import { readAccount } from '../../src/domain/read-account.ts';
import { identityOf } from '../../streams/accounts/identity.ts';
import type { Candidate } from '../../streams/candidate.ts';
import type { Attempted, ClaimMemory, ClaimRules, ClaimState, Judgement } from '../../streams/turn/claim-state.ts';
import { beginClaim, stepClaim } from '../../streams/turn/claim-step.ts';
import { Conflict, MOST_CONFLICTS } from '../../streams/turn/conflicts.ts';
import { accountRecord } from '../support/account-record.ts';
import { NAMES, RULES } from '../support/accounts.ts';

const TOKEN = { by: 'token', token: '14530529', restored: '20261101' } as const;
const VERSION = { by: 'version', entryCSN: '1' } as const;
const ENTRY = { uid: 'a', entryUUID: 'uuid-a', sstProvisioningMode: 'adding', sstProvisioningState: '0' };
const rules: ClaimRules = {
  names: NAMES,
  readEntry: (entry) => readAccount(entry, NAMES, RULES),
  underLeases: false,
};

const entry = (more: Record<string, string> = {}) => entryOf('uid=a,dc=example', { ...ENTRY, ...more });
const refused = (resultCode?: number) =>
  ({ got: 'error', error: new DirectoryError('no', resultCode === undefined ? {} : { resultCode }) }) as const;

function candidate(changes: Partial<AccountRecord> = {}, more: Partial<Candidate> = {}): Candidate {
  const record = accountRecord(changes);
  return { id: identityOf(record), record, fresh: true, ...more };
}

/** What a claim of this candidate remembers, with `changes`. */
function memoryOf(given: Candidate, changes: Partial<ClaimMemory> = {}): ClaimMemory {
  const next = beginClaim(given);
  if (!('state' in next)) throw new Error('it has ended');
  return { ...next.state.memory, ...changes };
}

function judgement(changes: Partial<Judgement> = {}): Judgement {
  const decision = { kind: 'claim', mode: 'add', reason: 'due' } as const;
  return {
    got: 'judgement',
    decision,
    isOwnClaim: false,
    leased: true,
    fencing: 'token',
    token: '10000101',
    ...changes,
  };
}

const attempted = (changes: Partial<Attempted> = {}): Attempted => ({
  how: 'claim',
  mode: 'add',
  seen: accountRecord({ modifiedBy: 'cn=admin' }),
  fence: { by: 'nothing' },
  ...changes,
});
/** A state of a claim of the account `a`. */
const sending = (changes: Partial<ClaimMemory> = {}, how: Partial<Attempted> = {}): ClaimState => ({
  at: 'sending',
  memory: memoryOf(candidate(), changes),
  attempted: attempted(how),
});

describe('a claim', () => {
  it('begins with the token of an earlier attempt, if that had one', () => {
    const retry = (fence: typeof TOKEN | typeof VERSION) =>
      memoryOf(candidate({}, { ownWork: { kind: 'retry', attempt: 2, lost: 0, fence } })).tokens;
    expect(retry(TOKEN)).toEqual([TOKEN]);
    expect(retry(VERSION)).toEqual([]);
    expect(memoryOf(candidate())).toMatchObject({ tokens: [], unanswered: false, conflicts: 0, failures: 0 });
  });

  it('ends if the entry is gone, is of another program, or cannot be worked on', () => {
    const state: ClaimState = { at: 'reading', memory: memoryOf(candidate()) };
    const found = (given: ReturnType<typeof entry> | undefined) =>
      stepClaim(state, { got: 'entry', entry: given }, rules);
    expect(found(undefined)).toEqual({ notes: [], result: { kind: 'gone' } });
    expect(found(entry({ sstProvisioningMode: 'initialized' }))).toEqual({ notes: [], result: { kind: 'gone' } });
    const reason = 'sstProvisioningState is neither 0 nor YYYYMMDDThhmmssZ';
    const unworkable = { kind: 'unworkable', dn: 'uid=a,dc=example', reason };
    expect(found(entry({ sstProvisioningState: 'x' }))).toEqual({ notes: [], result: unworkable });
  });

  it('follows what the lease says of the account', () => {
    const state: ClaimState = {
      at: 'leasing',
      memory: memoryOf(candidate()),
      seen: accountRecord(),
      attempted: attempted(),
    };
    const leased = (answer: object) => stepClaim(state, { got: 'lease', ...answer } as never, rules);
    expect(leased({ is: 'held', attempt: 3 })).toMatchObject({ state: { at: 'sending', memory: { attempt: 3 } } });
    expect(leased({ is: 'waited' })).toMatchObject({ state: { at: 'reading' }, effect: { do: 'find' } });
    expect(leased({ is: 'changed', entry: entry() })).toMatchObject({
      state: { at: 'judging', seen: { mode: 'adding' } },
    });
    expect(leased({ is: 'changed', entry: undefined })).toEqual({ notes: [], result: { kind: 'gone' } });
    expect(leased({ is: 'overtaken' })).toEqual({ notes: [], result: { kind: 'overtaken' } });
  });

  it('is sent with the fence that it was decided on, and remembers its token', () => {
    const held = (how: Partial<Attempted> | undefined) => {
      const memory = memoryOf(candidate());
      const given = how === undefined ? undefined : attempted(how);
      const state: ClaimState = { at: 'leasing', memory, seen: accountRecord(), attempted: given };
      return stepClaim(state, { got: 'lease', is: 'held', attempt: 1 }, rules);
    };
    expect(held({ fence: TOKEN })).toMatchObject({ state: { memory: { tokens: [TOKEN] } }, effect: { fence: TOKEN } });
    expect(held({ fence: VERSION })).toMatchObject({ state: { memory: { tokens: [] } }, effect: { fence: VERSION } });
    expect(held(undefined)).toMatchObject({ state: { at: 'judging' } });
    const seen = accountRecord({ mode: 'adding', returnValue: '0' });
    expect(held({ how: 'resume', seen })).toMatchObject({
      notes: [{ note: 'claiming', record: { mode: 'adding', returnValue: undefined } }],
      effect: { list: expect.arrayContaining([expect.objectContaining({ operation: 'add', values: ['adding'] })]) },
    });
    expect(held({ how: 'resume', seen: accountRecord({ mode: 'ADDING' }) }), 'a resumption leaves it').toMatchObject({
      notes: [{ record: { mode: 'ADDING' } }],
    });
    expect(held({ how: 'resume', seen })).not.toMatchObject({
      effect: { list: expect.arrayContaining([expect.objectContaining({ operation: 'replace' })]) },
    });
  });

  it('is sent once more without the return value, if the schema refuses that', () => {
    const first = stepClaim(sending(), refused(ResultCode.objectClassViolation), rules);
    expect(first).toMatchObject({ state: { at: 'reading', memory: { withReturnValue: false } } });
    const input = refused(ResultCode.objectClassViolation);
    const again = stepClaim(sending({ withReturnValue: false }), input, rules);
    expect(again).toEqual({ notes: [], result: { kind: 'refused', error: input.error } });
    const reading: ClaimState = { at: 'reading', memory: memoryOf(candidate()) };
    expect(stepClaim(reading, input, rules)).toEqual({ notes: [], result: { kind: 'refused', error: input.error } });
  });

  it('may have happened if it was sent and not answered, and only then', () => {
    const memory = memoryOf(candidate());
    const unanswered = (state: ClaimState) => {
      const next = stepClaim(state, refused(), rules);
      return 'state' in next && next.state.at === 'pausing' ? next.state.memory : next;
    };
    expect(unanswered(sending())).toMatchObject({ unanswered: true, failures: 1 });
    const verifying: ClaimState = { at: 'verifying', memory, attempted: attempted() };
    expect(unanswered(verifying)).toMatchObject({ unanswered: true });
    expect(unanswered({ at: 'reading', memory })).toMatchObject({ unanswered: false, failures: 1 });
    expect(unanswered({ at: 'reading', memory: { ...memory, unanswered: true } })).toMatchObject({ unanswered: true });
  });

  it('reports the write that came first, by what this service was about to write', () => {
    const memory = memoryOf(candidate());
    const seen = accountRecord({ mode: 'adding' });
    const notes = (state: ClaimState) => stepClaim(state, refused(ResultCode.assertionFailed), rules).notes;
    const before = { note: 'conflict', record: attempted().seen, reason: Conflict.changedBefore };
    expect(notes(sending())).toEqual([before]);
    expect(notes({ at: 'verifying', memory, attempted: attempted() })).toEqual([before]);
    expect(notes({ at: 'undoing', memory, seen })).toEqual([
      { note: 'conflict', record: seen, reason: Conflict.changedBeforeUndo },
    ]);
    expect(notes({ at: 'reading', memory })).toEqual([]);
  });

  it('is given up after too many conflicts, and not before', () => {
    const mismatch = refused(ResultCode.assertionFailed);
    const next = stepClaim(sending({ conflicts: MOST_CONFLICTS - 1 }), mismatch, rules);
    expect(next).toMatchObject({ state: { at: 'reading', memory: { conflicts: MOST_CONFLICTS } } });
    expect(stepClaim(sending({ conflicts: MOST_CONFLICTS }), mismatch, rules)).toEqual({
      notes: [],
      result: { kind: 'refused', error: mismatch.error },
    });
    const changed = { got: 'entry', entry: entry({ sstProvisioningMode: 'delete' }) } as const;
    const kept = stepClaim(sending({ conflicts: MOST_CONFLICTS - 1 }), changed, rules);
    expect(kept).toMatchObject({
      notes: [{ note: 'conflict', reason: Conflict.changedAfter }],
      state: { at: 'reading' },
    });
    expect(stepClaim(sending({ conflicts: MOST_CONFLICTS }), changed, rules)).toMatchObject({
      result: { kind: 'refused', error: { message: Conflict.neverKept, remedy: Conflict.findTheWriter } },
    });
  });

  it('succeeds if the entry is as claimed, and says who asked for it', () => {
    const claimed = stepClaim(sending(), { got: 'entry', entry: entry() }, rules);
    expect(claimed).toMatchObject({ result: { kind: 'claimed', how: 'claim', askedBy: 'cn=admin', attempt: 1 } });
    const resumed = stepClaim(sending({}, { how: 'resume' }), { got: 'entry', entry: entry() }, rules);
    expect(resumed).toMatchObject({ result: { kind: 'claimed', how: 'resume' } });
    expect(resumed).not.toHaveProperty('result.askedBy');
  });

  it('is not own if a read shows another token, or none', () => {
    const state: ClaimState = {
      at: 'verifying',
      memory: memoryOf(candidate()),
      attempted: attempted({ fence: TOKEN }),
    };
    const read = (more: Record<string, string>) => stepClaim(state, { got: 'entry', entry: entry(more) }, rules);
    expect(read({ sstProvisioningDate: TOKEN.token })).toMatchObject({ result: { kind: 'claimed', fence: TOKEN } });
    for (const more of [{ sstProvisioningDate: '10000101' }, {}]) {
      expect(read(more).notes).toMatchObject([{ note: 'conflict', reason: Conflict.changedAfter }]);
    }
  });
});

describe('the entry after a claim', () => {
  const inAnswer = (more: Record<string, string>, how: Partial<Attempted> = {}) =>
    stepClaim(sending({}, how), { got: 'entry', entry: entry(more) }, rules);

  it('need not be an account any more', () => {
    expect(inAnswer({ sstProvisioningMode: 'initialized' })).toEqual({ notes: [], result: { kind: 'gone' } });
  });

  it('is not own if it is in work in another mode', () => {
    expect(inAnswer({ sstProvisioningMode: 'modifying' })).toMatchObject({
      notes: [{ reason: Conflict.changedAfter }],
    });
  });

  it('is own if the answer to the claim returned it, whatever its date, or if a read did and there is no token', () => {
    expect(inAnswer({ sstProvisioningDate: '0' }, { fence: TOKEN })).toMatchObject({ result: { kind: 'claimed' } });
    const verifying: ClaimState = { at: 'verifying', memory: memoryOf(candidate()), attempted: attempted() };
    for (const more of [{}, { sstProvisioningDate: '20261101' }]) {
      expect(stepClaim(verifying, { got: 'entry', entry: entry(more) }, rules)).toMatchObject({
        result: { kind: 'claimed' },
      });
    }
  });

  it('may have become active if a delete is resumed, and not if it is claimed', () => {
    const active = { sstProvisioningMode: 'deleting', sstIsActive: 'TRUE' };
    expect(inAnswer(active, { mode: 'delete', how: 'resume' })).toMatchObject({ result: { kind: 'claimed' } });
    expect(inAnswer(active, { mode: 'delete' })).toMatchObject({ notes: [{ reason: Conflict.becameActive }] });
  });
});

describe('a claim that should not have happened', () => {
  const date = { name: 'sstProvisioningDate', value: '14530529' };
  const seen = accountRecord({ mode: 'deleting', active: true, date, entryCSN: '7' });
  const judging = (changes: Partial<ClaimMemory>, given = candidate({ mode: 'delete' })): ClaimState => ({
    at: 'judging',
    memory: memoryOf(given, changes),
    seen,
  });
  const undone = (state: ClaimState, changes: Partial<Judgement> = {}) => {
    const next = stepClaim(state, judgement(changes), rules);
    return 'effect' in next && next.effect.do === 'modify' ? next.effect : undefined;
  };

  it('is undone by its fence, which has the day that was asked for', () => {
    expect(undone(judging({ undo: TOKEN }))).toMatchObject({ fence: TOKEN });
    expect(undone(judging({ undo: TOKEN }))?.list).toContainEqual({
      operation: 'add',
      attribute: 'sstProvisioningDate',
      values: ['20261101'],
    });
    const newer = { by: 'version', entryCSN: '7' };
    expect(undone(judging({ undo: VERSION }), { fencing: 'version' })).toMatchObject({ fence: newer });
  });

  it('is no longer to be undone when that was answered', () => {
    const state: ClaimState = { at: 'undoing', seen, memory: memoryOf(candidate(), { undo: TOKEN, unanswered: true }) };
    expect(stepClaim(state, { got: 'entry', entry: undefined }, rules)).toMatchObject({
      state: { at: 'reading', memory: { undo: undefined, unanswered: false } },
    });
  });

  it('is undone under a lease only', () => {
    expect(stepClaim(judging({ undo: TOKEN }), judgement({ leased: false }), rules)).toMatchObject({
      state: { at: 'leasing', attempted: undefined },
    });
  });

  it('is found by a claim without an answer, or by an own write that no attempt is known of', () => {
    const retried = candidate({ mode: 'delete' }, { ownWork: { kind: 'retry', attempt: 2, lost: 0, fence: TOKEN } });
    expect(undone(judging({ unanswered: true }))).toBeDefined();
    expect(undone(judging({}), { isOwnClaim: true })).toBeDefined();
    expect(undone(judging({}))).toBeUndefined();
    expect(undone(judging({}, retried), { isOwnClaim: true })).toBeUndefined();
  });
});
