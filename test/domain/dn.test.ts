import { describe, expect, it } from 'vitest';
import { comparableDn, isAtOrBelow } from '../../src/domain/dn.ts';

describe('a DN', () => {
  it('is the same with other blanks and capitals, and not with other values', () => {
    const dn = 'uid=1,ou=my accounts,dc=example';
    expect(comparableDn(' UID = 1 ,  OU=My Accounts,dc=Example ')).toBe(dn);
    expect(comparableDn('uid=1,ou=myaccounts,dc=example')).not.toBe(dn);
  });

  it.each([
    ['ou=a,dc=example', 'OU=A, DC=Example', true],
    ['uid=1,ou=b,ou=a,dc=example', 'ou=a , dc=example', true],
    ['uid=1,ou=a,dc=example', '', true],
    ['ou=aa,dc=example', 'a,dc=example', false],
    ['ou=a,dc=example', 'ou=b,ou=a,dc=example', false],
    ['ou=a,dc=example,dc=org', 'ou=a,dc=example', false],
  ])('tells that %s lies at or below "%s": %s', (dn, base, below) => {
    expect(isAtOrBelow(dn, base)).toBe(below);
  });
});
