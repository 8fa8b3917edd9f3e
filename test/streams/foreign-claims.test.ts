import { beforeEach, describe, expect, it } from 'vitest';
import type { AccountRecord } from '../../src/domain/account.ts';
import { ForeignClaims, type LastSeen } from '../../streams/accounts/foreign-claims.ts';
import { accountRecord } from '../support/account-record.ts';

const LONGEST = 60_000;
let now: number;
let claims: ForeignClaims;

beforeEach(() => {
  now = 1_000;
  claims = claimsOf(false);
});

function claimsOf(underLeases: boolean): ForeignClaims {
  return new ForeignClaims({ longestMilliseconds: () => LONGEST, underLeases, monotonic: () => now });
}

function account(mode: string, version: number, changes: Partial<AccountRecord> = {}): AccountRecord {
  return accountRecord({ entryUUID: 'one', mode, entryCSN: `csn-${version}`, ...changes });
}

const ADDING = account('adding', 1);
const seen = (record: AccountRecord, by: 'stream' | 'refresh' | 'list' = 'stream', before?: LastSeen) =>
  claims.saw('one', record, { by, before, unchanged: false, unfinished: false, readsAsOwn: false });
const left = (record = ADDING) => claims.timeLeft('one', record);

describe("a claim that is not this service's own", () => {
  it('is known from a live change, and told once', () => {
    expect(seen(ADDING)).toBe(true);
    expect(left()).toBe(LONGEST);
    expect(seen(ADDING)).toBe(false);
  });

  it('is no claim in a refresh, where it is interrupted work, unless it was known before', () => {
    expect(seen(ADDING, 'refresh')).toBe(false);
    expect(left()).toBeLessThanOrEqual(0);
    seen(ADDING);
    now += 10_000;
    expect(seen(ADDING, 'refresh')).toBe(false);
    expect(left()).toBe(LONGEST - 10_000);
  });

  it('begins again with each change', () => {
    seen(ADDING);
    now += 10_000;
    expect(seen(account('adding', 2))).toBe(false);
    expect(left()).toBe(LONGEST);
    now += LONGEST;
    expect(left()).toBeLessThanOrEqual(0);
  });

  it('is not what looks like the echo of an own claim that is under way', () => {
    const claiming = { uid: 'a', claiming: true };
    expect(seen(ADDING, 'stream', claiming)).toBe(false);
    expect(left()).toBeLessThanOrEqual(0);
  });

  it('is not what this service claimed itself, and somebody changed something else of', () => {
    const context = { by: 'stream', before: undefined, unchanged: false, unfinished: true, readsAsOwn: false } as const;
    expect(claims.saw('one', ADDING, context)).toBe(false);
    expect(left()).toBeLessThanOrEqual(0);
  });

  it('is known when it was found instead of a request', () => {
    expect(claims.learnt('one', ADDING)).toBe(true);
    expect(left()).toBe(LONGEST);
    expect(claims.learnt('one', account('add', 2))).toBe(false);
  });

  it('keeps a newer request waiting, which its service serves, too', () => {
    seen(ADDING);
    seen(account('modify', 2));
    expect(left(account('modify', 2))).toBe(LONGEST);
  });

  it('keeps another entry with its uid waiting, also after it is gone', () => {
    seen(ADDING);
    claims.lostSight('one', 'a');
    expect(claims.timeLeft('two', account('add', 2, { entryUUID: 'two' }))).toBe(LONGEST);
  });

  it.each([
    ['failed', account('adding', 2, { returnValue: '5' })],
    ['is asked for anew with the return value of what was finished', account('add', 2, { returnValue: '0' })],
  ])('is over when it %s', (_, record) => {
    seen(ADDING);
    seen(record);
    expect(left(record)).toBeLessThanOrEqual(0);
  });

  it('is over when the account was finished, left, and is requested again', () => {
    seen(ADDING);
    claims.lostSight('one', 'a');
    seen(account('modify', 3));
    expect(left(account('modify', 3))).toBeLessThanOrEqual(0);
  });

  it('goes with the entry to another uid', () => {
    seen(ADDING);
    const before = { uid: 'a', claiming: false };
    seen(account('adding', 2, { uid: 'b' }), 'stream', before);
    expect(left(account('adding', 2, { uid: 'b' }))).toBe(LONGEST);
  });
});

describe('under leases', () => {
  beforeEach(() => {
    claims = claimsOf(true);
  });

  it("a claim in a change is another lease holder's, unless its lease has no holder", () => {
    expect(seen(ADDING)).toBe(false);
    expect(left()).toBeLessThanOrEqual(0);
    expect(claims.learnt('one', ADDING)).toBe(true);
    expect(left()).toBe(LONGEST);
    expect(claims.learnt('one', ADDING)).toBe(false);
  });

  it('an account in work that no change has shown was interrupted', () => {
    expect(claims.learnt('one', ADDING)).toBe(false);
    expect(seen(ADDING, 'refresh')).toBe(false);
    expect(claims.learnt('one', ADDING)).toBe(false);
    expect(left()).toBeLessThanOrEqual(0);
  });

  it('a claim that ended is suspected no more', () => {
    seen(ADDING);
    claims.ended('one', 'a');
    expect(claims.learnt('one', ADDING)).toBe(false);
  });
});
