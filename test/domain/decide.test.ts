import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DecisionContext, decide, isFailure, isInWork } from '../../src/domain/decide.ts';
import { accountRecord as account } from '../support/account-record.ts';
import { NAMES } from '../support/accounts.ts';

function context(changes: Partial<DecisionContext> = {}): DecisionContext {
  return {
    today: '20261123',
    othersTimeLeft: 0,
    behindTimeLeft: 0,
    names: NAMES,
    ...changes,
  };
}

const dated = (value: string) => ({ name: 'sstProvisioningDate', value });

describe('decide, about an account that asks for work', () => {
  it.each(['add', 'modify'] as const)('claims %s that is open and due now', (mode) => {
    expect(decide(account({ mode }), context())).toMatchObject({ kind: 'claim', mode });
  });

  it('leaves a request alone while another service may be at work', () => {
    const left = (othersTimeLeft: number) => decide(account(), context({ othersTimeLeft }));
    const reason = 'another service may still be working on an earlier request; it handles the add afterwards';
    expect(left(1_000)).toEqual({ kind: 'wait', mode: 'add', reason, recheckInMilliseconds: 1_000 });
    expect(left(0)).toMatchObject({ kind: 'claim' });
  });

  it('lets an add and a modify wait for a server that lags, and a delete until somebody asks again', () => {
    const behind = (mode: string, behindTimeLeft: number) =>
      decide(account({ mode, active: false }), context({ behindTimeLeft }));
    expect(behind('add', 1_000)).toMatchObject({ kind: 'wait', mode: 'add', recheckInMilliseconds: 1_000 });
    expect(behind('deleting', Infinity)).toMatchObject({ kind: 'wait', mode: 'delete' });
    expect(behind('delete', Infinity)).not.toHaveProperty('recheckInMilliseconds');
    expect(behind('modify', 0).kind).toBe('claim');
    expect(behind('added', 1_000).kind).toBe('noRequest');
  });

  it('says that a request waits for a server that lags, and until when', () => {
    const reason = (mode: string, behindTimeLeft: number) =>
      decide(account({ mode, active: false }), context({ behindTimeLeft })).reason;
    const lags =
      'the directory server in use shows an older version of the account than is known: it lags, or was restored';
    expect(reason('add', 1_000)).toBe(
      `${lags}; the account is handled when the server catches up, or after directory.behindAfter`,
    );
    expect(reason('delete', Infinity)).toBe(`${lags}; a delete waits until it catches up, or is requested again`);
  });

  it('lets a server that lags change nothing for an account that does not start', () => {
    const behind = context({ behindTimeLeft: 1_000 });
    expect(decide(account({ date: dated('20261124') }), behind).kind).toBe('defer');
    expect(decide(account({ mode: 'adding', returnValue: '5' }), behind).kind).toBe('failed');
    const waiting = decide(account({ mode: 'delete', active: true }), behind);
    expect(waiting.reason).toBe('sstIsActive is TRUE; delete waits until it is FALSE');
  });

  it.each([
    ['0', 'add is requested and due now'],
    ['19991231', 'add is requested and due now'],
    ['20261101', 'add is requested and due since 20261101'],
  ])('says since when a request with the date %s is due', (day, reason) => {
    expect(decide(account({ date: dated(day) }), context())).toMatchObject({ kind: 'claim', reason });
  });

  it('leaves the mode of another program alone', () => {
    const reason = "the mode initialized is another program's";
    expect(decide(account({ mode: 'initialized' }), context())).toEqual({ kind: 'noRequest', reason });
  });

  it('compares the mode as LDAP does: without regard to case', () => {
    expect(decide(account({ mode: 'ADD' }), context())).toMatchObject({ kind: 'claim', mode: 'add' });
  });

  it('claims what is dated today, or on a day that passed while the service was down', () => {
    expect(decide(account({ date: dated('20261123') }), context()).kind).toBe('claim');
    expect(decide(account({ date: dated('20251231') }), context()).kind).toBe('claim');
  });

  it('claims an account without a date', () => {
    expect(decide(account({ date: undefined }), context()).kind).toBe('claim');
  });

  it('defers what is dated later', () => {
    expect(decide(account({ date: dated('20261124') }), context())).toMatchObject({
      kind: 'defer',
      until: '20261124',
      reason: 'sstProvisioningDate is 20261124, today is 20261123',
    });
  });

  it.each([
    [true, 'sstIsActive is TRUE; delete waits until it is FALSE'],
    [undefined, 'sstIsActive is missing; delete waits until it is FALSE'],
  ])('lets a delete wait while sstIsActive is %s', (active, reason) => {
    expect(decide(account({ mode: 'delete', active }), context())).toEqual({ kind: 'wait', mode: 'delete', reason });
  });

  it('claims a delete of an inactive account', () => {
    expect(decide(account({ mode: 'delete', active: false }), context())).toMatchObject({
      kind: 'claim',
      mode: 'delete',
    });
  });

  it('asks nothing of an account whose state is a time, whatever its mode', () => {
    fc.assert(
      fc.property(fc.constantFrom('add', 'adding', 'added', 'delete', 'deleting'), (mode) => {
        expect(decide(account({ mode, state: '20261123T101112Z' }), context()).kind).toBe('noRequest');
      }),
    );
  });
});

describe('decide, about an account in work', () => {
  it('resumes it when this is the only service', () => {
    expect(decide(account({ mode: 'modifying' }), context())).toMatchObject({ kind: 'resume', mode: 'modify' });
  });

  it('resumes it when its return value is a zero', () => {
    expect(decide(account({ mode: 'adding', returnValue: '0' }), context()).kind).toBe('resume');
  });

  it.each(['1', '-1', '75', 'what'])('leaves it failed with return value %s', (returnValue) => {
    expect(decide(account({ mode: 'adding', returnValue }), context())).toMatchObject({ kind: 'failed', returnValue });
  });

  it('says why it is resumed', () => {
    const { reason } = decide(account({ mode: 'modifying' }), context());
    expect(reason).toBe('found modifying and no service is working on it');
  });

  it.each(['0', '000', '+0', '-0', ''])('takes the return value %j for no failure', (returnValue) => {
    expect(isFailure(returnValue)).toBe(false);
  });

  it('is in work while it is open, has an in-work mode and has not failed', () => {
    const adding = account({ mode: 'Adding' });
    expect(isInWork(adding)).toBe(true);
    expect(isInWork({ ...adding, state: '20261123T101112Z' })).toBe(false);
    expect(isInWork({ ...adding, returnValue: '5' })).toBe(false);
    expect(isInWork({ ...adding, mode: 'add' })).toBe(false);
    expect(isInWork({ ...adding, mode: 'initialized' })).toBe(false);
  });

  it('leaves to another service what it has claimed, where this one is to be the only one', () => {
    const left = (othersTimeLeft: number) => decide(account({ mode: 'adding' }), context({ othersTimeLeft }));
    const reason = expect.stringMatching(
      /^another service has claimed the account; it is resumed when it has been unchanged/,
    );
    expect(left(1_000)).toEqual({ kind: 'wait', mode: 'add', reason, recheckInMilliseconds: 1_000 });
    expect(left(0)).toMatchObject({ kind: 'resume' });
  });
});

describe('decide', () => {
  it('answers every record, and claims none whose day is to come', () => {
    const record = fc.record({
      mode: fc.oneof(fc.constantFrom('add', 'ADDING', 'deleted', 'delete', 'initialized'), fc.string()),
      state: fc.constantFrom('0', ' 0', '20261123T101112Z'),
      day: fc.constantFrom('0', '20200101', '20261123', '20261124', '99991231'),
      active: fc.constantFrom(true, false, undefined),
      returnValue: fc.option(fc.string(), { nil: undefined }),
    });
    fc.assert(
      fc.property(record, ({ day, ...changes }) => {
        const decision = decide(account({ ...changes, date: dated(day) }), context());
        expect(decision.reason).not.toBe('');
        if (decision.kind === 'claim') expect(day <= '20261123').toBe(true);
      }),
    );
  });
});
