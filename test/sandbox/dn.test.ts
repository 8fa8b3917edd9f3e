import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dnKey, dnText, isWithin, parseDn } from '../../src/sandbox/directory/dn.ts';
import { escapeDn } from '../support/accounts.ts';

const key = (text: string) => {
  const dn = parseDn(text);
  return dn && dnKey(dn);
};

describe('a distinguished name', () => {
  it.each([
    ['case and blanks', 'UID=Ab, OU = x', 'uid=ab,ou=x'],
    ['repeated blanks', 'cn=a   b,dc=x', 'cn=a b,dc=x'],
    ['the order in an RDN of several', 'uid=1+cn=2,dc=x', 'cn=2+uid=1,dc=x'],
    ['how a character is escaped', 'cn=a\\2cb\\,c,dc=x', 'cn=a\\,b\\2Cc,dc=x'],
    ['escaped UTF-8', 'cn=Lu\\C4\\8Di\\C4\\87,dc=x', 'cn=Lučić,dc=x'],
  ])('is the same whatever %s', (_, one, other) => {
    expect(key(one)).toBe(key(other));
    expect(key(one)).toBeDefined();
  });

  it.each([
    ['cn=a\\,b,dc=x', 'cn=a,cn=b,dc=x'],
    ['cn=a\\+uid=b,dc=x', 'cn=a+uid=b,dc=x'],
    ['cn=a,dc=x', 'cn=a,dc=y'],
    ['cn=a,dc=x', 'sn=a,dc=x'],
  ])('is another one: %s and %s', (one, other) => {
    expect(key(one)).not.toBe(key(other));
  });

  it.each(['a', '=a', 'cn=', 'cn=a,', ',cn=a', 'cn=a"b', 'cn=a<b', 'cn=a;dc=x', 'c n=a', 'cn=a\\zb', 'cn=a\\', '1.=a'])(
    'is not %j',
    (text) => {
      expect(parseDn(text)).toBeUndefined();
    },
  );

  it('keeps the words in which it was written', () => {
    expect(dnText(parseDn(' UID=Ab , ou=\\20x ') ?? [])).toBe('UID=Ab,ou=\\20x');
  });

  it('carries any value, and stands below its parent only', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (value) => {
        const dn = parseDn(`uid=${escapeDn(value)},dc=x`);
        expect(dn?.[0]?.pairs[0]?.value).toBe(Buffer.from(value).toString());
        expect(dn && isWithin(dn, parseDn('dc=x') ?? [])).toBe(true);
        expect(dn && isWithin(dn, parseDn('dc=y') ?? [])).toBe(false);
      }),
    );
  });

  it('is read or refused, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'a=,+\\ 2c"#;<\0é') }), (text) => {
        const dn = parseDn(text);
        if (dn !== undefined) expect(dnKey(parseDn(dnText(dn)) ?? [])).toBe(dnKey(dn));
      }),
    );
  });
});
