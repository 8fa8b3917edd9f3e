import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLdif } from '../../src/ldif/parse-ldif.ts';
import type { LdifRecord } from '../../src/ldif/record.ts';
import { ldifLine } from '../../src/ldif/write-ldif.ts';
import { anyText } from '../support/any-text.ts';

const parse = (...lines: string[]): readonly LdifRecord[] => parseLdif(Buffer.from(lines.join('\n'), 'utf8'));
const bytes = (...values: string[]): Buffer[] => values.map((value) => Buffer.from(value, 'utf8'));

function faultOf(...lines: string[]): string {
  const faulty = parse(...lines).find((record) => record.kind === 'faulty');
  return faulty === undefined ? 'none' : `${faulty.faultLine}: ${faulty.reason}`;
}

describe('an LDIF file', () => {
  it('holds content records, which are adds, with names and values gathered', () => {
    expect(parse('version: 1', 'dn: cn=a,dc=x', 'objectClass: top', 'objectclass: person', 'cn: a', '')).toEqual([
      {
        number: 1,
        line: 2,
        kind: 'change',
        dn: 'cn=a,dc=x',
        change: {
          kind: 'add',
          attributes: [
            { name: 'objectClass', values: bytes('top', 'person') },
            { name: 'cn', values: bytes('a') },
          ],
        },
      },
    ]);
  });

  it('holds modifies of several steps, the last with or without its end', () => {
    const lines = [
      'dn: cn=a',
      'changetype: modify',
      'replace: sn',
      'sn: b',
      'sn: c',
      '-',
      'delete: mail',
      '-',
      'add: cn',
      'cn: d',
    ];
    const expected = {
      kind: 'modify',
      modifications: [
        { operation: 'replace', name: 'sn', values: bytes('b', 'c') },
        { operation: 'delete', name: 'mail', values: [] },
        { operation: 'add', name: 'cn', values: bytes('d') },
      ],
    };
    for (const end of [[], ['-']]) expect(parse(...lines, ...end)).toMatchObject([{ change: expected }]);
  });

  it('holds deletes and renames', () => {
    const records = parse(
      ...['dn: cn=a', 'changetype: delete', ''],
      ...['dn: cn=b', 'changetype: modrdn', 'newrdn: cn=c', 'deleteoldrdn: 1', ''],
      ...['dn: cn=d', 'changetype: moddn', 'newrdn: cn=d', 'deleteoldrdn: 0', 'newsuperior: ou=x'],
    );
    expect(records.map((record) => record.kind === 'change' && record.change)).toEqual([
      { kind: 'delete' },
      { kind: 'rename', newRdn: 'cn=c', deleteOldRdn: true, newSuperior: undefined },
      { kind: 'rename', newRdn: 'cn=d', deleteOldRdn: false, newSuperior: 'ou=x' },
    ]);
    expect(records.map(({ number, line }) => [number, line])).toEqual([
      [1, 1],
      [2, 4],
      [3, 9],
    ]);
  });

  it('may be folded anywhere, inside a comment and inside a character too', () => {
    const text = Buffer.from(
      '# a comment\n  goes on\ndn: cn=Mül\n ler\ncn:: TcO8bG\n xlcg==\nsn: M\u00fcller\n',
      'utf8',
    );
    const at = text.lastIndexOf(0xc3) + 1;
    const folded = Buffer.concat([text.subarray(0, at), Buffer.from('\n '), text.subarray(at)]);
    expect(parseLdif(folded)).toMatchObject([
      { dn: 'cn=Müller', change: { attributes: [{ values: bytes('Müller') }, { values: bytes('Müller') }] } },
    ]);
  });

  it('may have CRLF line ends, a byte order mark, several empty lines, and no last line end', () => {
    const text = '\ufeffversion: 1\r\n\r\n\r\ndn: cn=a\r\ncn: a\r\n\r\n\r\n\r\ndn: cn=b\r\ncn: b';
    expect(parseLdif(Buffer.from(text))).toMatchObject([
      { number: 1, line: 4, dn: 'cn=a' },
      { number: 2, line: 9, dn: 'cn=b' },
    ]);
  });

  it('takes comments between lines and records, and a colon without a blank', () => {
    expect(parse('# one', '', 'dn:cn=a', '# two', 'cn:a', 'sn:', '', '# three')).toMatchObject([
      { dn: 'cn=a', change: { attributes: [{ values: bytes('a') }, { values: bytes('') }] } },
    ]);
  });

  it('holds bytes that are no text as base64', () => {
    const value = Buffer.from([0, 255, 10, 13]);
    expect(parse('dn: cn=a', `jpegPhoto;binary:: ${value.toString('base64')}`)).toMatchObject([
      { change: { attributes: [{ name: 'jpegPhoto;binary', values: [value] }] } },
    ]);
  });

  it.each([
    [['cn: a'], "1: a record begins with 'dn: '"],
    [['version: 2', 'dn: cn=a'], '1: only version 1 of LDIF exists'],
    [['dn: cn=a'], '1: the record has no attributes'],
    [['dn: cn=a', 'cn a'], `2: 'name: value' is expected, not "cn a"`],
    [['dn: cn=a', 'c n: a'], '2: "c n" is not the name of an attribute'],
    [['dn: cn=a', 'cn:: a*b'], '2: "a*b" is not base64'],
    [
      ['dn: cn=a', 'cn:< file:///etc/shadow'],
      '2: a value by URL (cn:<) is not taken: put it into the file as base64 (cn:: ...)',
    ],
    [['dn: cn=a', 'cn: a', '-'], "3: '-' belongs to changetype: modify"],
    [['dn: cn=a', 'cn: a', 'dn: cn=b'], '3: dn stands inside a record: an empty line is missing before a record'],
    [['dn: cn=a', 'changetype: replace'], '2: changetype is add, modify, delete, modrdn or moddn, not "replace"'],
    [['dn: cn=a', 'control: 1.2.3 true', 'changetype: delete'], '2: controls are not taken: leave the line out'],
    [['dn: cn=a', 'changetype: delete', 'cn: a'], '3: nothing may follow changetype: delete'],
    [['dn: cn=a', 'changetype: modify'], '2: nothing is modified'],
    [['dn: cn=a', 'changetype: modify', 'add: cn', '-'], '3: no value of cn is given to add'],
    [['dn: cn=a', 'changetype: modify', 'add: cn', 'sn: b'], "4: a value of cn or '-' is expected, not sn"],
    [
      ['dn: cn=a', 'changetype: modify', 'put: cn'],
      "3: 'add: NAME', 'delete: NAME' or 'replace: NAME' is expected, not put",
    ],
    [['dn: cn=a', 'changetype: modify', '-'], "3: 'add: NAME', 'delete: NAME' or 'replace: NAME' is expected, not '-'"],
    [['dn: cn=a', 'changetype: modrdn', 'newrdn: cn=b'], '2: newrdn and deleteoldrdn are missing'],
    [['dn: cn=a', 'changetype: modrdn', 'deleteoldrdn: 1'], '3: newrdn is expected here'],
    [['dn: cn=a', 'changetype: modrdn', 'newrdn: cn=b', 'deleteoldrdn: yes'], '4: deleteoldrdn is 0 or 1'],
    [['', ' dn: cn=a'], '2: a continuation (a line that begins with a blank) follows nothing'],
  ])('is refused where it holds %j', (lines, fault) => {
    expect(faultOf(...lines)).toBe(fault);
  });

  it('is refused where a line is neither UTF-8 nor base64', () => {
    const records = parseLdif(Buffer.from([...Buffer.from('dn: cn=a\ncn: '), 0xfc, 0x0a]));
    expect(records).toMatchObject([{ kind: 'faulty', faultLine: 2 }]);
  });

  it('keeps its other records where one is faulty', () => {
    const records = parse('dn: cn=a', 'cn: a', '', 'dn: cn=b', 'nonsense', '', 'dn: cn=c', 'changetype: delete');
    expect(records).toMatchObject([
      { number: 1, kind: 'change' },
      { number: 2, line: 4, kind: 'faulty', faultLine: 5 },
      { number: 3, line: 7, kind: 'change' },
    ]);
  });

  it('gives back every value that was written, whatever it holds, in lines of 76 columns of ASCII', () => {
    fc.assert(
      fc.property(fc.array(anyText({ maxLength: 300 }), { minLength: 1 }), (values) => {
        const lines = values.map((value) => ldifLine('description', value));
        for (const line of lines.join('\n').split('\n')) expect(line).toMatch(/^[ -~]{1,76}$/);
        const [record] = parse('dn: cn=a', ...lines);
        expect(record).toMatchObject({ change: { attributes: [{ values: bytes(...values) }] } });
      }),
    );
  });

  it('never makes the reader throw or hang, whatever its bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (input) => void parseLdif(Buffer.from(input))));
    const pieces = fc.constantFrom(
      'dn: cn=a',
      'changetype: modify',
      'add: cn',
      'cn: a',
      '-',
      '',
      ' x',
      '#',
      'cn:: YQ==',
      ':',
      'cn:<',
      'version: 1',
    );
    fc.assert(fc.property(fc.array(pieces, { maxLength: 30 }), (lines) => void parse(...lines)));
  });
});
