import { describe, expect, it } from 'vitest';
import type { AccountRecord, AttributeNames } from '../../src/domain/account.ts';
import {
  claim,
  claimed,
  failedAs,
  failure,
  type Modification,
  request,
  resume,
  resumed,
  success,
  undoClaim,
} from '../../src/domain/transition.ts';
import { NAMES } from '../support/accounts.ts';

const TIMED: AttributeNames = { ...NAMES, executionTime: 'time' };
const UNFENCED = { by: 'nothing' } as const;
const TOKEN = { by: 'token', token: '14530529', restored: '20261123' } as const;
const VERSION = { by: 'version', entryCSN: '20261123101112.000001Z#000000#000#000000' } as const;
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

/** Short form: `-` deletes a value, `+` adds one, `=` replaces all. */
function short(modifications: readonly Modification[]): string[] {
  const signs = { delete: '-', add: '+', replace: '=' };
  return modifications.map(
    ({ operation, attribute, values }) =>
      `${signs[operation]} ${attribute.replace('sstProvisioning', '')} ${values.join(',')}`,
  );
}

describe('the transitions, each naming the old values as they are stored', () => {
  it('claim: in work, and every value that was decided by must still be there', () => {
    expect(short(claim(record(), 'add', NAMES, true, UNFENCED))).toEqual([
      ...['- Mode Add', '+ Mode adding', '- State 0', '+ State 0'],
      ...['- ExecutionDate 20261123', '+ ExecutionDate 20261123', '= ReturnValue '],
    ]);
  });

  it('claim: without a date that the entry does not have, or a return value that the site does not use', () => {
    const bare = ['- Mode Add', '+ Mode adding', '- State 0', '+ State 0'];
    expect(short(claim(record({ date: undefined }), 'add', NAMES, false, UNFENCED))).toEqual(bare);
    expect(short(claim(record({ date: undefined }), 'add', { ...NAMES, returnValue: null }, true, UNFENCED))).toEqual(
      bare,
    );
  });

  it('success: finished, with its time, the date reset under the name that the entry has', () => {
    const written = { timings: TIMINGS, optional: 'all', withDate: true, fence: UNFENCED } as const;
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
    const list = success(record(changes), 'add', NAMES, 'T', {
      timings: [],
      optional: 'none',
      withDate,
      fence: UNFENCED,
    });
    expect(short(list)).toEqual(['- Mode Add', '+ Mode added', '- State 0', '+ State T']);
  });

  it('failure: stays in work, and says why', () => {
    const same = ['- Mode adding', '+ Mode adding', '- State 0', '+ State 0'];
    const fail = (optional: 'all' | 'returnValue' | 'none') =>
      short(failure(record({ mode: 'adding' }), TIMED, 5, { timings: TIMINGS, optional, fence: UNFENCED }));
    expect(fail('all')).toEqual([...same, '= ReturnValue 5', '= time script: 1.234,quota: 0.003']);
    expect(fail('returnValue')).toEqual([...same, '= ReturnValue 5']);
    expect(fail('none')).toEqual(same);
  });

  it('claim: clears the return value that was read, and only that', () => {
    expect(short(claim(record({ date: undefined, returnValue: '5' }), 'add', NAMES, true, UNFENCED))).toEqual([
      ...['- Mode Add', '+ Mode adding', '- State 0', '+ State 0', '- ReturnValue 5', '= ReturnValue '],
    ]);
  });

  it('asking: requested, and the return value that was read stays to tell that nobody is at work', () => {
    expect(short(request(record({ mode: 'adding', returnValue: '5' }), 'add', NAMES))).toEqual([
      ...['- Mode adding', '+ Mode add', '- State 0', '+ State 0', '- ReturnValue 5', '+ ReturnValue 5'],
    ]);
    expect(short(request(record({ mode: 'Added', state: 'T', date: undefined }), 'modify', NAMES))).toEqual([
      ...['- Mode Added', '+ Mode modify', '- State T', '+ State 0'],
    ]);
  });

  it('a token stands in the date while the account is in work, and every outcome names it', () => {
    const same = ['- Mode adding', '+ Mode adding', '- State 0', '+ State 0'];
    const written = { timings: [], optional: 'none', fence: TOKEN } as const;
    const inWork = claimed(record(), 'add', TOKEN);
    expect(inWork).toMatchObject({ mode: 'adding', date: { value: '14530529' } });
    expect(short(claim(record(), 'add', NAMES, true, TOKEN))).toEqual([
      ...['- Mode Add', '+ Mode adding', '- State 0', '+ State 0'],
      ...['- ExecutionDate 20261123', '+ ExecutionDate 14530529', '= ReturnValue '],
    ]);
    expect(short(success(inWork, 'add', NAMES, 'T', { ...written, withDate: false }))).toEqual([
      ...['- Mode adding', '+ Mode added', '- State 0', '+ State T', '- ExecutionDate 14530529', '+ ExecutionDate 0'],
    ]);
    const restored = ['- ExecutionDate 14530529', '+ ExecutionDate 20261123'];
    expect(short(failure(inWork, NAMES, 5, written))).toEqual([...same, ...restored]);
    expect(failedAs(inWork, 5, TOKEN, true)).toMatchObject({ returnValue: '5', date: { value: '20261123' } });
    expect(short(undoClaim(inWork, 'add', NAMES, TOKEN))).toEqual([
      ...['- Mode adding', '+ Mode add', '- State 0', '+ State 0'],
      ...restored,
    ]);
  });

  it('no return value or execution time is written at a site that does not use it', () => {
    const without = { ...NAMES, returnValue: null };
    const inWork = record({ mode: 'adding', returnValue: '5', date: undefined });
    const same = ['- Mode adding', '+ Mode adding', '- State 0', '+ State 0'];
    const written = { timings: TIMINGS, optional: 'all', fence: UNFENCED } as const;
    expect(short(failure(inWork, without, 5, written))).toEqual(same);
    expect(short(failure(inWork, NAMES, 5, written))).toEqual([...same, '= ReturnValue 5']);
    expect(short(request(inWork, 'add', without))).toEqual(['- Mode adding', '+ Mode add', '- State 0', '+ State 0']);
    expect(short(resume(inWork, without, TOKEN))).toEqual(same);
  });

  it('a token needs a date, and a version leaves the date alone', () => {
    const undated = record({ mode: 'adding', date: undefined });
    const same = ['- Mode adding', '+ Mode adding', '- State 0', '+ State 0'];
    const written = { timings: [], optional: 'none' } as const;
    expect(short(failure(undated, NAMES, 5, { ...written, fence: TOKEN }))).toEqual(same);
    expect(short(resume(undated, NAMES, TOKEN))).toEqual(same);
    expect(resumed(undated, TOKEN).date).toBeUndefined();
    expect(failedAs(undated, 5, TOKEN, false)).toEqual(undated);
    const dated = record({ mode: 'adding' });
    expect(short(failure(dated, NAMES, 5, { ...written, fence: VERSION }))).toEqual(same);
    expect(failedAs(dated, 5, VERSION, false)).toEqual(dated);
  });

  it('resuming: makes a new token, or a new version', () => {
    const same = ['- Mode adding', '+ Mode adding', '- State 0', '+ State 0'];
    const inWork = record({ mode: 'adding', returnValue: '0' });
    expect(short(resume(inWork, NAMES, TOKEN))).toEqual([
      ...same,
      ...['- ExecutionDate 20261123', '+ ExecutionDate 14530529', '- ReturnValue 0'],
    ]);
    expect(short(resume(record({ mode: 'adding' }), NAMES, VERSION))).toEqual([
      ...same,
      ...['- ExecutionDate 20261123', '+ ExecutionDate 20261123'],
    ]);
    expect(resumed(inWork, TOKEN)).toMatchObject({
      returnValue: undefined,
      date: { value: '14530529' },
    });
  });
});
