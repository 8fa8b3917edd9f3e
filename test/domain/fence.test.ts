import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AccountRecord } from '../../src/domain/account.ts';
import { entryOf, sameAttributes } from '../../src/domain/entry.ts';
import {
  claimFence,
  isTokenDay,
  outcomeFence,
  standingFence,
  TOKEN_DAYS,
  tokenDay,
  versionOfFence,
} from '../../src/domain/fence.ts';
import { isCalendarDay } from '../../src/domain/timestamp.ts';
import { accountRecord } from '../support/account-record.ts';

const CSN = '20261123101112.000001Z#000000#000#000000';

function record(changes: Partial<AccountRecord> = {}): AccountRecord {
  return accountRecord({ entryCSN: CSN, ...changes });
}

describe('a token', () => {
  it('is a day of the calendar from 1000-01-01 to 1999-12-31, another one for each number', () => {
    expect(tokenDay(0)).toBe('10000101');
    expect(tokenDay(TOKEN_DAYS - 1)).toBe('19991231');
    fc.assert(
      fc.property(fc.nat(TOKEN_DAYS - 2), (number) => {
        expect(isTokenDay(tokenDay(number)) && isCalendarDay(tokenDay(number))).toBe(true);
        expect(tokenDay(number) < tokenDay(number + 1)).toBe(true);
      }),
    );
  });

  it('differs from 0, and from every day that may be requested', () => {
    for (const day of ['0', '20000101', '20261123', '', '119991231', '2019991231', '199912310'])
      expect(isTokenDay(day)).toBe(false);
  });
});

describe('the fence', () => {
  it('of a claim is the version that it was decided on, and of its outcome the one that it made', () => {
    const fence = claimFence(record(), 'version', '10000101');
    expect(fence).toEqual({ by: 'version', entryCSN: CSN });
    const made = CSN.replace('0001Z', '0002Z');
    expect(versionOfFence(outcomeFence(fence, record({ entryCSN: made })))).toBe(made);
    expect(outcomeFence(fence, { ...record(), entryCSN: undefined } as unknown as AccountRecord)).toEqual({
      by: 'nothing',
    });
  });

  it('is a token where the server knows no versions, and keeps the day that stood there', () => {
    const dated = record({ date: { name: 'd', value: '20261101' } });
    expect(claimFence(dated, 'token', '10000101')).toEqual({ by: 'token', token: '10000101', restored: '20261101' });
    const { entryCSN: _, ...hidden } = dated;
    expect(claimFence(hidden, 'version', '10000101').by).toBe('token');
  });

  it('puts 0 in the place of a token of somebody who is no more', () => {
    const interrupted = record({ date: { name: 'd', value: '14530529' } });
    expect(claimFence(interrupted, 'token', '10000101')).toMatchObject({ restored: '0' });
    expect(standingFence(interrupted, 'token')).toEqual({ by: 'token', token: '14530529', restored: '0' });
  });

  it('of an account in work is the version that the entry shows, if the server fences by versions', () => {
    const dated = record({ date: { name: 'd', value: '14530529' } });
    expect(standingFence(dated, 'version')).toEqual({ by: 'version', entryCSN: CSN });
    const { entryCSN: _, ...hidden } = dated;
    expect(standingFence(hidden, 'version')).toMatchObject({ by: 'token', token: '14530529' });
  });

  it('of an outcome is the token of its claim, whatever version the entry shows', () => {
    const token = { by: 'token', token: '10000101', restored: '0' } as const;
    expect(outcomeFence(token, record())).toBe(token);
    expect(versionOfFence(token)).toBeUndefined();
  });

  it('is nothing where there is neither', () => {
    expect(claimFence(record({ date: undefined }), 'token', '10000101')).toEqual({ by: 'nothing' });
    expect(standingFence(record(), 'token')).toEqual({ by: 'nothing' });
    expect(standingFence(record({ date: undefined }), 'token')).toEqual({ by: 'nothing' });
  });
});

describe('what is foreign to the service in an entry', () => {
  const entry = (more: Record<string, string | string[]>) =>
    entryOf('uid=a', { cn: 'A', mail: ['a@example', 'b@example'], entryCSN: '1', modifyTimestamp: '1', ...more });

  it('is the same whatever the order of values, the case of names and the stamps of the write', () => {
    expect(sameAttributes(entry({}), entry({ mail: ['b@example', 'a@example'], entryCSN: '2' }))).toBe(true);
    expect(sameAttributes(entry({ x: '1' }), entry({ X: '1' }))).toBe(true);
  });

  it('differs by a value, an attribute more, or one less', () => {
    expect(sameAttributes(entry({}), entry({ cn: 'B' }))).toBe(false);
    expect(sameAttributes(entry({}), entry({ description: 'new' }))).toBe(false);
    expect(sameAttributes(entry({ description: 'old' }), entry({}))).toBe(false);
    expect(sameAttributes(entry({}), entry({ mail: ['a@example'] }))).toBe(false);
  });
});
