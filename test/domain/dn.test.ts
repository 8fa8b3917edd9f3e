import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  comparableDn,
  comparableValue,
  dnKey,
  dnText,
  escapeDnValue,
  isAtOrBelow,
  isSameDn,
  isWithin,
  parentOf,
  parseDn,
  rdnValues,
} from '../../src/domain/dn.ts';
import { anyText } from '../support/any-text.ts';
import { anyDn, spellingsOf } from '../support/dn-spellings.ts';

describe('a DN', () => {
  it.each([
    ['case', 'UID=Ab,OU=My Accounts,dc=Example', 'uid=ab,ou=my accounts,dc=example'],
    ['blanks beside its separators', ' uid = ab ,  ou=x ;dc=y ', 'uid=ab,ou=x,dc=y'],
    ['repeated blanks', 'cn=a   b,dc=x', 'cn=a b,dc=x'],
    ['blanks at the ends of a value', 'cn=\\ a\\20\\ ,dc=x', 'cn=a,dc=x'],
    ['which separates: that of RFC 1779', 'cn=a;dc=x', 'cn=a,dc=x'],
    ['the order in an RDN of several', 'uid=1+cn=2,dc=x', 'cn=2 + uid=1,dc=x'],
    ['how a comma is escaped', 'cn=a\\2cb\\,c,dc=x', 'cn=a\\,b\\2Cc,dc=x'],
    ['how a plus sign is escaped', 'cn=a\\+b,dc=x', 'cn=a\\2Bb,dc=x'],
    ['how a backslash is escaped', 'cn=a\\\\b,dc=x', 'cn=a\\5cb,dc=x'],
    ['how a first # is escaped', 'cn=\\#a,dc=x', 'cn=\\23a,dc=x'],
    ['that an equals sign is escaped', 'cn=a\\=b,dc=x', 'cn=a=b,dc=x'],
    ['that letters are', 'cn=\\61b,dc=x', 'cn=ab,dc=x'],
    ['that UTF-8 is', 'cn=Lu\\C4\\8di\\C4\\87,dc=x', 'cn=Lučić,dc=x'],
    ['the case of other letters', 'ou=Z\\C3\\9CRICH,dc=x', 'ou=zürich,dc=x'],
    ['the form of a sigma', 'ou=ΟΔΟΣ,dc=x', 'ou=οδοσ,dc=x'],
    ['how letters are composed', 'ou=Zu\u0308rich,dc=x', 'ou=z\u00fcrich,dc=x'],
    ['that a value is quoted', 'ou="Backup, Zug + \\"Bern\\"",dc=x', 'ou=Backup\\, Zug \\+ \\22Bern\\",dc=x'],
    ['that it is quoted with blanks around', 'ou= "a" ,dc=x', 'ou=a,dc=x'],
    ['that a value is in BER: UTF8String', 'ou=#0C03c3bc62,dc=x', 'ou=üb,dc=x'],
    ['that it is a PrintableString', 'ou=#1302616d,dc=x', 'ou=am,dc=x'],
    ['that it is an OCTET STRING in a long form', 'ou=#0481026162,dc=x', 'ou=ab,dc=x'],
    ['how the hex of other BER is written', 'ou=#300aFF,dc=x', 'ou=#300AfF,dc=x'],
    ['how the hex of BER of an absurd length is written', 'ou=#0489ffffffffffffffffff', 'ou=#0489FFFFFFFFFFFFFFFFFF'],
    ['how bytes that are no UTF-8 are written', 'ou=\\fF\\FEa,dc=x', 'ou=\\FF\\fe\\61,dc=x'],
    ['that a type is a long name', 'commonName=a,organizationalUnitName=b,domainComponent=x', 'cn=a,ou=b,dc=x'],
    ['that a type is an OID', '2.5.4.3=a,OID.2.5.4.11=b,0.9.2342.19200300.100.1.25=x', 'cn=a,ou=b,dc=x'],
    ['that a type is unknown, but in case', 'sstBackupGroup=A,1.2.3.4=b', 'SSTBACKUPGROUP=a,oid.1.2.3.4=B'],
  ])('is the same whatever %s', (_, one, other) => {
    expect(comparableDn(one)).toBe(comparableDn(other));
    expect(isSameDn(one, other)).toBe(true);
    expect(parseDn(one)).toBeDefined();
  });

  it.each([
    ['cn', 'commonName', '2.5.4.3'],
    ['sn', 'surname', '2.5.4.4'],
    ['c', 'countryName', '2.5.4.6'],
    ['l', 'localityName', '2.5.4.7'],
    ['st', 'stateOrProvinceName', '2.5.4.8'],
    ['street', 'streetAddress', '2.5.4.9'],
    ['o', 'organizationName', '2.5.4.10'],
    ['ou', 'organizationalUnitName', '2.5.4.11'],
    ['givenName', 'gn', '2.5.4.42'],
    ['uid', 'userid', '0.9.2342.19200300.100.1.1'],
    ['mail', 'rfc822Mailbox', '0.9.2342.19200300.100.1.3'],
    ['dc', 'domainComponent', '0.9.2342.19200300.100.1.25'],
    ['emailAddress', 'e', '1.2.840.113549.1.9.1'],
  ])('knows the attribute type %s by its other names %s and %s', (name, other, oid) => {
    expect(new Set([name, other, oid].map((type) => comparableDn(`${type}=a,dc=x`))).size).toBe(1);
  });

  it.each([
    ['cn=a\\,b,dc=x', 'cn=a,cn=b,dc=x'],
    ['cn=a\\,cn\\=b,dc=x', 'cn=a,cn=b,dc=x'],
    ['cn=a\\+uid=b,dc=x', 'cn=a+uid=b,dc=x'],
    ['cn=a\\5c\\2cb,dc=x', 'cn=a\\,b,dc=x'],
    ['cn=a\\5c2cb,dc=x', 'cn=a\\,b,dc=x'],
    ['cn=\\23ff,dc=x', 'cn=\\ff,dc=x'],
    ['cn=a\\<b,dc=x', 'cn=a<b,dc=x'],
    ['cn=a b,dc=x', 'cn=ab,dc=x'],
    ['cn=a,dc=x', 'cn=a,dc=y'],
    ['cn=a,dc=x', 'sn=a,dc=x'],
    ['cn=a,dc=x', 'cn=a'],
    ['cn=a,ou=b', 'ou=b,cn=a'],
    ['cn=a+sn=b,dc=x', 'cn=b+sn=a,dc=x'],
    ['ou=strasse,dc=x', 'ou=straße,dc=x'],
    ['ou="a,dc=x"', 'ou=a,dc=x'],
  ])('is another one: %s and %s', (one, other) => {
    expect(comparableDn(one)).not.toBe(comparableDn(other));
    expect(isSameDn(one, other)).toBe(false);
  });

  it('is the same in any allowed spelling, whatever its values are', () => {
    fc.assert(
      fc.property(
        anyDn.chain((dn) => fc.tuple(spellingsOf(dn), spellingsOf(dn))),
        ([one, other]) => {
          expect(parseDn(one)).toBeDefined();
          expect(comparableDn(one)).toBe(comparableDn(other));
          expect(rdnValues(one, 'uid').map(comparableValue).sort()).toEqual(
            rdnValues(other, 'userid').map(comparableValue).sort(),
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  it('stands below its own end only, in any allowed spelling', () => {
    fc.assert(
      fc.property(
        fc
          .tuple(anyDn, anyDn)
          .chain(([dn, base]) => fc.tuple(spellingsOf([...dn, ...base]), spellingsOf(base), spellingsOf(dn))),
        ([below, base, first]) => {
          expect(isAtOrBelow(below, base)).toBe(true);
          expect(isAtOrBelow(base, below)).toBe(false);
          expect(isAtOrBelow(`${first},dc=elsewhere`, `${base},dc=here`)).toBe(false);
          expect(isAtOrBelow(`x${base},dc=here`, `${base.trimStart()},dc=here`)).toBe(false);
        },
      ),
    );
  });

  it('is another one with another value', () => {
    const value = anyText({ minLength: 1 });
    fc.assert(
      fc.property(value, value, (one, other) => {
        const isSame = comparableValue(one) === comparableValue(other);
        expect(isSameDn(`cn=${escapeDnValue(one)},dc=x`, `cn=${escapeDnValue(other)},dc=x`)).toBe(isSame);
      }),
    );
  });

  it('compares in its short way as in the full one', () => {
    const unit = fc.constantFrom(...'abAB19 -._=:/@#,+\\"é');
    const rdn = fc.tuple(fc.constantFrom('uid', 'CN', 'surname', 'x-y', '2.5.4.3'), fc.string({ unit, minLength: 1 }));
    const text = fc.array(rdn, { minLength: 1, maxLength: 4 }).map((rdns) => rdns.map((each) => each.join('=')).join());
    fc.assert(
      fc.property(text, (dn) => {
        const full = parseDn(dn);
        if (full !== undefined) expect(comparableDn(dn)).toBe(dnKey(full));
      }),
      { numRuns: 2000 },
    );
  });

  it('is the very string where that compares already, so that nothing more is kept of it', () => {
    const dn = 'uid=4000001,ou=my accounts,ou=services,dc=stoney-cloud,dc=org';
    expect(comparableDn(dn)).toBe(dn);
  });

  it.each([
    ['ou=a,dc=example', 'OU=A, DC=Example', true],
    ['uid=1,ou=b,ou=a,dc=example', 'ou=a , dc=example', true],
    ['uid=1,ou=a,dc=example', '', true],
    ['uid=1,ou=a,dc=example', ' ', true],
    ['', 'dc=example', false],
    ['ou=aa,dc=example', 'a,dc=example', false],
    ['xou=a,dc=b', 'ou=a,dc=b', false],
    ['uid=1,xou=a,dc=b', 'ou=a,dc=b', false],
    ['uid=1\\,ou=a,dc=b', 'ou=a,dc=b', false],
    ['uid=1\\2Cou=a,dc=b', 'ou=a,dc=b', false],
    ['uid="1,ou=a",dc=b', 'ou=a,dc=b', false],
    ['uid=1+ou=a,dc=b', 'ou=a,dc=b', false],
    ['uid=1\\\\,ou=a,dc=b', 'ou=a,dc=b', true],
    ['ou=a,dc=example', 'ou=b,ou=a,dc=example', false],
    ['ou=a,dc=example,dc=org', 'ou=a,dc=example', false],
    ['uid=1,ou=Z\\C3\\BCrich\\2C Zug,dc=b', '2.5.4.11="zürich, zug";domainComponent=B', true],
  ])('tells that %s lies at or below "%s": %s', (dn, base, below) => {
    expect(isAtOrBelow(dn, base)).toBe(below);
    const [parsed, ancestor] = [parseDn(dn), parseDn(base)];
    if (parsed !== undefined && ancestor !== undefined) expect(isWithin(parsed, ancestor)).toBe(below);
  });

  it('names its parent as that is written', () => {
    expect(parentOf('uid=1\\,2 , OU="a, b" ;dc=Example')).toBe('OU="a, b",dc=Example');
    expect(parentOf('dc=example')).toBe('');
    expect(parentOf('')).toBeUndefined();
  });

  it('tells the values of its RDN without escapes, whatever the type is called', () => {
    expect(rdnValues('USERID= a\\2Cb +cn=x+0.9.2342.19200300.100.1.1=\\C3\\BC,uid=other', 'uid')).toEqual(['a,b', 'ü']);
    expect(rdnValues('cn=x,uid=other', 'uid')).toEqual([]);
    expect(rdnValues('', 'uid')).toEqual([]);
    expect(rdnValues('uid=a"b,dc=x', 'uid')).toEqual([]);
  });

  it('keeps the words in which it was written', () => {
    expect(dnText(parseDn(' UID=Ab , ou=\\20x ;dc=y\\ ') ?? [])).toBe('UID=Ab,ou=\\20x,dc=y\\ ');
  });

  it('carries any value that is escaped for it', () => {
    fc.assert(
      fc.property(anyText({ minLength: 1 }), (value) => {
        expect(rdnValues(`uid=${escapeDnValue(value)},dc=x`, 'uid')).toEqual([value]);
      }),
    );
  });
});

describe('what is no DN', () => {
  const UNREADABLE = [
    ...['a', '=a', 'cn=', 'cn= ', 'cn=a"b', 'cn=a<b', 'cn=a>b', 'c n=a', '1.=a', 'cn=a\0', 'cn=a+', 'cn=a++sn=b'],
    ...['cn=a\\zb', 'cn=a\\', 'cn=a\\6', 'cn=#', 'cn=#0c', 'cn=#0c0', 'cn=#zz', 'cn="a', 'cn="a"b', 'cn="', 'cn=""'],
  ];

  it.each([...UNREADABLE, 'cn=a,', ',cn=a', 'cn=a,,dc=x', ','])('is not read: %j', (text) => {
    expect(parseDn(text)).toBeUndefined();
  });

  it('compares to itself only', () => {
    const keys = [...UNREADABLE, 'cn=a', 'cn=b'].map(comparableDn);
    expect(new Set(keys).size).toBe(keys.length - 1); // "cn=" and "cn= "
    for (const text of UNREADABLE) expect(isSameDn(text, text)).toBe(true);
  });

  it.each(UNREADABLE.filter((text) => !['cn="a', 'cn="', 'cn=a\\'].includes(text)))(
    'stands where the rest of it stands all the same: %j',
    (text) => {
      expect(isAtOrBelow(`${text},ou=a\\2Cb,dc=x`, 'OU=A\\,B,dc=x')).toBe(true);
      expect(isAtOrBelow(`${text},ou=a,dc=x`, 'ou=b,dc=x')).toBe(false);
      expect(isAtOrBelow(`uid=1,${text},dc=x`, `${text},dc=x`)).toBe(true);
    },
  );

  it('throws nothing, whatever the text', () => {
    const text = fc.string({ unit: fc.constantFrom(...'aou=,+\\ 2c"#;<\0é') });
    fc.assert(
      fc.property(text, fc.constantFrom('uid', '', '=', '1.2'), (dn, type) => {
        const parsed = parseDn(dn);
        if (parsed !== undefined) expect(dnKey(parseDn(dnText(parsed)) ?? [])).toBe(comparableDn(dn));
        expect(isSameDn(dn, dn)).toBe(true);
        expect(isAtOrBelow(dn, dn)).toBe(true);
        expect(rdnValues(dn, type)).toBeInstanceOf(Array);
        parentOf(dn);
      }),
      { numRuns: 2000 },
    );
  });

  it.each(['a=b,', 'a=b+', 'a=b c', '1.', '\\2c', '\\', '"', '#0', ' ', 'a="', '\\C3', 'ü'])(
    'is passed over in time that grows with its length alone: %j again and again',
    (part) => {
      const text = `cn=${part.repeat(100_000 / part.length)}`;
      expect(isSameDn(`${text},dc=x`, `${text},dc=x `)).toBe(true);
      expect(isAtOrBelow(`${text},dc=x`, 'dc=y')).toBe(false);
      expect(isAtOrBelow(`${part.repeat(100_000 / part.length)}=x,dc=x`, 'dc=y')).toBe(false);
    },
  );
});
