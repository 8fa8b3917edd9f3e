import { describe, expect, it } from 'vitest';
import type { AccountRecord, AttributeNames } from '../../src/domain/account.ts';
import {
  askAgain,
  claim,
  failure,
  handOver,
  type Modification,
  success,
  takenOver,
  takeOver,
} from '../../src/domain/transition.ts';
import { NAMES } from '../support/stage.ts';

const TIMED: AttributeNames = { ...NAMES, executionTime: 'time' };
const TIMINGS = [
  { name: 'script', milliseconds: 1_234.5 },
  { name: 'quota', milliseconds: 3 },
];

function record(changes: Partial<AccountRecord> = {}): AccountRecord {
  return {
    dn: 'uid=a',
    entryUUID: undefined,
    uid: 'a',
    mode: 'Add',
    state: '0',
    date: { name: 'sstProvisioningExecutionDate', value: '20261123' },
    active: true,
    returnValue: undefined,
    modifiedAt: undefined,
    ...changes,
  };
}

/** In short: `-` deletes a value, `+` adds one, `=` replaces all. */
function short(modifications: readonly Modification[]): string[] {
  const signs = { delete: '-', add: '+', replace: '=' };
  return modifications.map(
    ({ operation, attribute, values }) =>
      `${signs[operation]} ${attribute.replace('sstProvisioning', '')} ${values.join(',')}`,
  );
}

describe('the transitions, each naming the old values as they are stored', () => {
  it('claim: in work, and every value that was decided by must still be there', () => {
    expect(short(claim(record(), 'add', NAMES, true))).toEqual([
      ...['- Mode Add', '+ Mode adding', '- State 0', '+ State 0'],
      ...['- ExecutionDate 20261123', '+ ExecutionDate 20261123', '= ReturnValue '],
    ]);
  });

  it('claim: without a date that the entry does not have, or a return value that the site does not use', () => {
    const bare = ['- Mode Add', '+ Mode adding', '- State 0', '+ State 0'];
    expect(short(claim(record({ date: undefined }), 'add', NAMES, false))).toEqual(bare);
    expect(short(claim(record({ date: undefined }), 'add', { ...NAMES, returnValue: null }, true))).toEqual(bare);
  });

  it('success: finished, with its time, the date reset under the name that the entry has', () => {
    const written = { timings: TIMINGS, optional: 'all', withDate: true } as const;
    expect(short(success(record({ mode: 'adding' }), 'add', TIMED, '20261123T101112Z', written))).toEqual([
      ...['- Mode adding', '+ Mode added', '- State 0', '+ State 20261123T101112Z'],
      ...['- ExecutionDate 20261123', '+ ExecutionDate 0', '= ReturnValue 0', '= time script: 1.234,quota: 0.003'],
    ]);
  });

  it.each([
    ['that is 0', { date: { name: 'd', value: '0' } }, true],
    ['that is absent', { date: undefined }, true],
    ['that somebody changed', {}, false],
  ])('success: leaves a date alone %s', (_, changes, withDate) => {
    const list = success(record(changes), 'add', NAMES, 'T', { timings: [], optional: 'none', withDate });
    expect(short(list)).toEqual(['- Mode Add', '+ Mode added', '- State 0', '+ State T']);
  });

  it('failure: stays in work, and says why', () => {
    const same = ['- Mode adding', '+ Mode adding', '- State 0', '+ State 0'];
    const fail = (optional: 'all' | 'returnValue' | 'none') =>
      short(failure(record({ mode: 'adding' }), TIMED, 5, { timings: TIMINGS, optional }));
    expect(fail('all')).toEqual([...same, '= ReturnValue 5', '= time script: 1.234,quota: 0.003']);
    expect(fail('returnValue')).toEqual([...same, '= ReturnValue 5']);
    expect(fail('none')).toEqual(same);
  });

  it('claim: clears the return value that was read, and only that', () => {
    expect(short(claim(record({ date: undefined, returnValue: '5' }), 'add', NAMES, true))).toEqual([
      ...['- Mode Add', '+ Mode adding', '- State 0', '+ State 0', '- ReturnValue 5', '= ReturnValue '],
    ]);
  });

  it('asking again: requested, and the return value that was read stays to tell that nobody is at work', () => {
    expect(short(askAgain(record({ mode: 'adding', returnValue: '5' }), 'add', NAMES))).toEqual([
      ...['- Mode adding', '+ Mode add', '- State 0', '+ State 0', '- ReturnValue 5', '+ ReturnValue 5'],
    ]);
  });

  it('taking over: toggles the date between a day long past and 0, which only one service can do', () => {
    const same = ['- Mode adding', '+ Mode adding', '- State 0', '+ State 0'];
    const dated = (value: string) => record({ mode: 'adding', date: { name: 'sstProvisioningExecutionDate', value } });
    expect(short(takeOver(dated('0'), NAMES))).toEqual([...[...same, '- ExecutionDate 0', '+ ExecutionDate 20000101']]);
    expect(short(takeOver({ ...dated('20000101'), returnValue: '0' }, NAMES))).toEqual([
      ...[...same, '- ExecutionDate 20000101', '+ ExecutionDate 0', '- ReturnValue 0'],
    ]);
    expect(() => takeOver(record(), { ...NAMES, returnValue: null })).toThrow('return value');
  });

  it('taking over: toggles the presence of a return value where there is no date', () => {
    const same = ['- Mode adding', '+ Mode adding', '- State 0', '+ State 0'];
    const undated = record({ mode: 'adding', date: undefined });
    expect(short(takeOver(undated, NAMES))).toEqual([...same, '+ ReturnValue 0']);
    expect(short(takeOver({ ...undated, returnValue: '0' }, NAMES))).toEqual([...same, '- ReturnValue 0']);
  });

  it('handing over: says that nobody is at work on what is asked', () => {
    expect(short(handOver(record({ mode: 'modify' }), NAMES))).toEqual([
      ...['- Mode modify', '+ Mode modify', '- State 0', '+ State 0', '+ ReturnValue 0'],
    ]);
    expect(handOver(record(), { ...NAMES, returnValue: null })).toEqual([]);
  });

  it('taking over: foretells how the account will stand', () => {
    const date = (value: string) => ({ name: 'sstProvisioningExecutionDate', value });
    expect(takenOver(record({ date: date('0') })).date?.value).toBe('20000101');
    expect(takenOver(record({ date: undefined })).returnValue).toBe('0');
  });
});
