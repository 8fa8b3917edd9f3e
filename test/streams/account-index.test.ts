import { describe, expect, it } from 'vitest';
import { AccountIndex } from '../../streams/accounts/account-index.ts';
import type { OpenAccount } from '../../streams/accounts/open-account.ts';
import { NOTHING_WRITTEN } from '../../streams/accounts/own-write.ts';

function account(dn: string): OpenAccount {
  return {
    dn,
    uid: '1',
    seenIn: 0,
    fingerprint: '',
    askedAgain: false,
    ownWrite: NOTHING_WRITTEN,
  };
}

describe('the index of accounts', () => {
  it('finds by their DN those that were known before it was asked for one, and those that come later', () => {
    const index = new AccountIndex();
    index.set('a', account('uid=A,ou=x'));
    index.set('gone', account('uid=gone,ou=x'));
    index.delete('gone');
    expect(index.idOf('UID=a, OU=X', undefined)).toBe('a');
    expect(index.idOf('uid=gone,ou=x', undefined)).toBeUndefined();
    index.set('b', account('uid=b,ou=x'));
    expect(index.idOf('uid=b,ou=x', undefined)).toBe('b');
  });

  it('follows an account to its new DN, and forgets that of one that is gone', () => {
    const index = new AccountIndex();
    index.set('a', account('uid=a,ou=x'));
    expect(index.idOf('uid=a,ou=x', undefined)).toBe('a');
    index.set('a', account('uid=a,ou=y'));
    index.set('b', account('uid=a,ou=x'));
    expect([index.idOf('uid=a,ou=y', undefined), index.idOf('uid=a,ou=x', undefined)]).toEqual(['a', 'b']);
    index.delete('b');
    expect(index.idOf('uid=a,ou=x', undefined)).toBeUndefined();
  });

  it('takes an account without entryUUID for that with its DN, but none with another entryUUID', () => {
    const index = new AccountIndex();
    index.set('uid=a,ou=x', account('uid=A,ou=x'));
    index.set('b', account('uid=b,ou=x'));
    expect(index.idOf('uid=a,ou=x', 'new')).toBe('uid=a,ou=x');
    expect(index.idOf('uid=b,ou=x', 'new')).toBeUndefined();
    expect(index.idOf('uid=moved', 'b')).toBe('b');
  });
});
