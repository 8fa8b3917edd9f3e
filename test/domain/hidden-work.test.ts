import { describe, expect, it } from 'vitest';
import type { AccountRecord } from '../../src/domain/account.ts';
import { mayHideWork } from '../../src/domain/hidden-work.ts';

function record(changes: Partial<AccountRecord>): AccountRecord {
  return {
    dn: 'uid=a',
    entryUUID: 'uuid',
    uid: 'a',
    mode: 'add',
    state: '0',
    date: undefined,
    active: true,
    returnValue: undefined,
    createdAt: 1_000,
    modifiedAt: 2_000,
    ...changes,
  };
}

describe('a request', () => {
  it.each<[string, Partial<AccountRecord>, boolean]>([
    ['may be written over a claim, which leaves no return value', {}, true],
    ['is written over no claim where a return value stands', { returnValue: '0' }, false],
    ['is written over no claim where the last attempt failed', { returnValue: '5' }, false],
    ['is written over nothing where it is an add that is as old as the entry', { createdAt: 2_000 }, false],
    ['may be written over a claim in the second of its creation', { createdAt: 2_000, mode: 'modify' }, true],
    ['may be written over a claim where the age of the entry cannot be read', { createdAt: Number.NaN }, true],
    ['is none once it is in work', { mode: 'adding' }, false],
    ['is none once it is finished', { mode: 'added' }, false],
    ['is none in the words of another program', { mode: 'initialized' }, false],
  ])('%s', (_, changes, expected) => {
    expect(mayHideWork(record(changes))).toBe(expected);
  });
});
