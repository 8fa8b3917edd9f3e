import { beforeEach, describe, expect, it } from 'vitest';
import type { AccountRecord } from '../../src/domain/account.ts';
import { AccountVersions } from '../../streams/accounts/account-versions.ts';
import { accountRecord } from '../support/account-record.ts';

let now: number;
let versions: AccountVersions;

beforeEach(() => {
  now = 0;
  versions = new AccountVersions({ behindAfterMilliseconds: 1_000, monotonic: () => now });
  versions.connected();
});

/** The account after the nth write to it. */
function at(write: number, changes: Partial<AccountRecord> = {}): AccountRecord {
  return accountRecord({ entryCSN: csn(write), ...changes });
}

function csn(write: number): string {
  return `20261123101112.${String(write).padStart(6, '0')}Z#000000#000#000000`;
}

describe('the newest version of an account', () => {
  it('makes an older one stale on the same connection, and one of a later connection behind', () => {
    expect(versions.ageOf(at(5))).toBe('current');
    versions.saw(at(5));
    expect(versions.ageOf(at(5))).toBe('current');
    expect(versions.ageOf(at(4))).toBe('stale');
    expect(versions.ageOf(at(6))).toBe('current');
    versions.connected();
    expect(versions.ageOf(at(4))).toBe('behind');
    versions.saw(at(5));
    expect(versions.ageOf(at(4))).toBe('stale');
  });

  it('is not made older by what is seen, but by what this service writes on the server in use', () => {
    versions.saw(at(5));
    versions.saw(at(4));
    expect(versions.ageOf(at(4))).toBe('stale');
    versions.connected();
    versions.wrote('uuid-a', csn(3));
    expect(versions.ageOf(at(3))).toBe('current');
    expect(versions.ageOf(at(2))).toBe('stale');
  });

  it('says nothing of accounts, or servers, that show no version', () => {
    const { entryCSN: _, ...hidden } = at(1);
    versions.saw(at(5));
    versions.connected();
    expect(versions.ageOf(hidden)).toBe('current');
    versions.saw(hidden);
    expect(versions.ageOf(at(4))).toBe('behind');
  });

  it('is remembered of the 100,000 accounts that were seen last', () => {
    for (let index = 0; index <= 100_000; index += 1) versions.saw(at(5, { entryUUID: `uuid-${index}` }));
    expect(versions.ageOf(at(4, { entryUUID: 'uuid-0' }))).toBe('current');
    expect(versions.ageOf(at(4, { entryUUID: 'uuid-1' }))).toBe('stale');
  });
});

describe('an account that a server shows older than it is known', () => {
  beforeEach(() => {
    versions.saw(at(5));
    versions.connected();
  });

  it('waits so long from when that was seen first, also over a reconnect', () => {
    expect(versions.behindTimeLeft(at(4))).toBe(1_000);
    expect(versions.isBehind).toBe(true);
    now += 600;
    versions.connected();
    expect(versions.behindTimeLeft(at(4))).toBe(400);
    now += 400;
    expect(versions.behindTimeLeft(at(4))).toBeLessThanOrEqual(0);
  });

  it('waits without end where it is to be deleted', () => {
    for (const mode of ['delete', 'deleting', 'DELETE'])
      expect(versions.behindTimeLeft(at(4, { mode }))).toBe(Infinity);
  });

  it('waits no more when the server has caught up, or this service has written to it', () => {
    versions.behindTimeLeft(at(4));
    versions.saw(at(5));
    expect(versions.isBehind).toBe(false);
    expect(versions.behindTimeLeft(at(5))).toBe(0);
    versions.connected();
    versions.behindTimeLeft(at(4));
    versions.wrote('uuid-a', csn(4));
    expect(versions.isBehind).toBe(false);
    expect(versions.behindTimeLeft(at(4))).toBe(0);
  });

  it('is out of the way when it is not open any more', () => {
    versions.behindTimeLeft(at(4));
    versions.left('uuid-a');
    expect(versions.isBehind).toBe(false);
  });
});

describe("this service's own writes", () => {
  it('are known by the version that they made', () => {
    versions.wrote('uuid-a', csn(5));
    expect(versions.isOwn(at(5))).toBe(true);
    expect(versions.isOwn(at(6))).toBe(false);
    versions.saw(at(5));
    expect(versions.isOwn(at(5))).toBe(true);
    versions.saw(at(6));
    expect(versions.isOwn(at(5))).toBe(false);
  });

  it('are known by their tokens, the latest few of an account and those of the latest claims on whatever entry', () => {
    const dated = (value: string) => at(9, { date: { name: 'sstProvisioningDate', value } });
    versions.claiming('uuid-a', '10000101');
    expect(versions.isOwn(dated('10000101'))).toBe(true);
    expect(versions.isOwn(dated('10000102'))).toBe(false);
    for (let day = 10_000_201; day < 10_000_209; day += 1) versions.claiming('uuid-a', String(day));
    versions.claiming('uuid-b', '10000301');
    expect(versions.isOwn(dated('10000101'))).toBe(true);
    expect(versions.isOwn(dated('10000301'))).toBe(true);
    for (let year = 1001; year <= 1256; year += 1) versions.claiming(`uuid-${year}`, `${year}0101`);
    expect(versions.isOwn(dated('10000101'))).toBe(false);
    expect(versions.isOwn(dated('10000301'))).toBe(false);
    expect(versions.isOwn(dated('10000208'))).toBe(true);
    expect(versions.isOwn(dated('10010101'))).toBe(true);
  });

  it('are unfinished from the claim to the outcome, or to a newer request', () => {
    versions.claiming('uuid-a', undefined);
    versions.saw(at(6, { mode: 'adding' }));
    expect(versions.isUnfinished('uuid-a')).toBe(true);
    versions.saw(at(7));
    expect(versions.isUnfinished('uuid-a')).toBe(false);
    versions.claiming('uuid-a', undefined);
    versions.saw(at(7));
    expect(versions.isUnfinished('uuid-a')).toBe(true);
    versions.ended('uuid-a');
    expect(versions.isUnfinished('uuid-a')).toBe(false);
  });
});
