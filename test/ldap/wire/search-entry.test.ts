import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DirectoryError } from '../../../src/domain/directory-error.ts';
import { BerReader, element, octetString, sequence, Tag } from '../../../src/ldap/wire/ber.ts';
import { encodePostReadRequest, readPostRead } from '../../../src/ldap/wire/post-read.ts';
import { SearchEntry } from '../../../src/ldap/wire/search-entry.ts';

type Attribute = readonly [name: string, values: ReadonlyArray<string | Buffer>];

function contentOf(dn: string | Buffer, attributes: readonly Attribute[]): Buffer {
  const encoded = attributes.map(([name, values]) =>
    sequence(octetString(name), element(Tag.set, ...values.map((value) => octetString(value)))),
  );
  return Buffer.concat([octetString(dn), sequence(...encoded)]);
}

function entryOf(dn: string | Buffer, attributes: readonly Attribute[]): SearchEntry {
  const content = contentOf(dn, attributes);
  return new SearchEntry(content, 0, content.length);
}

describe('an entry', () => {
  it('gives values whatever the case of the name, and none for an attribute that it lacks', () => {
    const entry = entryOf('uid=1', [
      ['objectClass', ['a', 'b']],
      ['sstProvisioningMode', ['add']],
    ]);
    expect(entry.dn).toBe('uid=1');
    expect(entry.values('SSTPROVISIONINGMODE').map(String)).toEqual(['add']);
    expect(entry.values('objectclass').map(String)).toEqual(['a', 'b']);
    expect(entry.values('uid')).toEqual([]);
    expect([entry.texts('OBJECTCLASS'), entry.texts('uid')]).toEqual([['a', 'b'], []]);
    expect([...entry.attributes()].map(([name, values]) => [name, values.length])).toEqual([
      ['objectClass', 2],
      ['sstProvisioningMode', 1],
    ]);
  });

  it('gives a name with options only to who asks for it', () => {
    const entry = entryOf('uid=1', [['cn;lang-de', ['x']]]);
    expect(entry.values('cn')).toEqual([]);
    expect(entry.values('CN;lang-DE').map(String)).toEqual(['x']);
  });

  it('takes names for the same only where letters differ in case', () => {
    const entry = entryOf('uid=1', [['a-b', ['x']]]);
    expect(entry.values('a\rb')).toEqual([]);
    expect(entry.values('A-B').map(String)).toEqual(['x']);
  });

  it('keeps bytes that are not UTF-8, and shows a DN of such with replacements', () => {
    const broken = Buffer.from('fffe00c328', 'hex');
    const entry = entryOf(broken, [['uid', [broken, '']]]);
    expect(entry.values('uid').map((value) => value.toString('hex'))).toEqual(['fffe00c328', '']);
    expect(entry.dn).toContain('\ufffd');
  });

  it('does not change when the bytes that it came from are used again', () => {
    const content = contentOf('uid=1', [['uid', ['1']]]);
    const entry = new SearchEntry(content, 0, content.length);
    content.fill(0);
    expect(entry.dn).toBe('uid=1');
    expect(entry.values('uid').map(String)).toEqual(['1']);
  });

  it('gives back whatever attributes and values went in', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
    const value = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
    const attributes = fc.uniqueArray(fc.tuple(name, fc.array(value, { maxLength: 5 })), {
      selector: ([attribute]) => attribute,
      maxLength: 10,
    });
    fc.assert(
      fc.property(fc.string(), attributes, (dn, given) => {
        const entry = entryOf(dn, given);
        expect(entry.dn).toBe(Buffer.from(dn).toString());
        expect([...entry.attributes()]).toEqual(given);
        for (const [attribute, values] of given) expect(entry.values(attribute.toUpperCase())).toEqual(values);
      }),
    );
  });

  it.each([
    ['without attributes', octetString('uid=1')],
    ['with something behind them', Buffer.concat([contentOf('uid=1', []), octetString('x')])],
    ['with an attribute without values', Buffer.concat([octetString('uid=1'), sequence(sequence(octetString('uid')))])],
    [
      'with a value of another type',
      Buffer.concat([octetString('x'), sequence(sequence(octetString('uid'), element(Tag.set, sequence())))]),
    ],
  ])('is refused at once %s', (_title, content) => {
    expect(() => new SearchEntry(content, 0, content.length)).toThrow(DirectoryError);
  });
});

describe('the Post-Read control', () => {
  it('asks for attributes', () => {
    expect(encodePostReadRequest(['uid', '*']).toString('hex')).toBe('30080403756964 04012a'.replace(' ', ''));
  });

  it('answers with the entry', () => {
    const entry = readPostRead(new BerReader(element(0x64, contentOf('uid=1', [['uid', ['1']]]))));
    expect([entry?.dn, entry?.values('UID').map(String)]).toEqual(['uid=1', ['1']]);
    expect(readPostRead(new BerReader(Buffer.alloc(0)))).toBeUndefined();
    expect(() => readPostRead(new BerReader(Buffer.from('64020400', 'hex')))).toThrow(DirectoryError);
  });
});
