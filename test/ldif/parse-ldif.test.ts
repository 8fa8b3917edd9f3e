import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LdifParser } from '../../src/ldif/parse-ldif.ts';
import type { LdifRecord } from '../../src/ldif/record.ts';
import { ldifLine } from '../../src/ldif/write-ldif.ts';
import { anyText } from '../support/any-text.ts';
import { recordsOf } from '../support/ldif-records.ts';

const parse = (...lines: string[]): readonly LdifRecord[] => recordsOf(Buffer.from(lines.join('\n'), 'utf8'));
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
    expect(recordsOf(folded)).toMatchObject([
      { dn: 'cn=Müller', change: { attributes: [{ values: bytes('Müller') }, { values: bytes('Müller') }] } },
    ]);
  });

  it('may have CRLF line ends, a byte order mark, several empty lines, and no last line end', () => {
    const text = '\ufeffversion: 1\r\n\r\n\r\ndn: cn=a\r\ncn: a\r\n\r\n\r\n\r\ndn: cn=b\r\ncn: b';
    expect(recordsOf(Buffer.from(text))).toMatchObject([
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
      '2: a value by URL (cn:<) is not supported: write the value as base64 (cn:: ...)',
    ],
    [['dn: cn=a', 'cn: a', '-'], "3: '-' belongs to changetype: modify"],
    [['dn: cn=a', 'cn: a', 'dn: cn=b'], '3: dn is inside a record: put an empty line before each record'],
    [['dn: cn=a', 'changetype: replace'], '2: changetype is add, modify, delete, modrdn or moddn, not "replace"'],
    [['dn: cn=a', 'control: 1.2.3 true', 'changetype: delete'], '2: controls are not supported: remove the line'],
    [['dn: cn=a', 'changetype: delete', 'cn: a'], '3: nothing may follow changetype: delete'],
    [['dn: cn=a', 'changetype: modify'], '2: the record modifies nothing'],
    [['dn: cn=a', 'changetype: modify', 'add: cn', '-'], '3: no value of cn is given to add'],
    [['dn: cn=a', 'changetype: modify', 'add: cn', 'sn: b'], "4: a value of cn or '-' is expected, not sn"],
    [
      ['dn: cn=a', 'changetype: modify', 'put: cn'],
      "3: 'add: NAME', 'delete: NAME', 'replace: NAME' or 'increment: NAME' is expected, not put",
    ],
    [
      ['dn: cn=a', 'changetype: modify', '-'],
      "3: 'add: NAME', 'delete: NAME', 'replace: NAME' or 'increment: NAME' is expected, not '-'",
    ],
    [['dn: cn=a', 'changetype: modrdn', 'newrdn: cn=b'], '2: newrdn and deleteoldrdn are missing'],
    [['dn: cn=a', 'changetype: modrdn', 'deleteoldrdn: 1'], '3: newrdn is expected here'],
    [['dn: cn=a', 'changetype: modrdn', 'newrdn: cn=b', 'deleteoldrdn: yes'], '4: deleteoldrdn is 0 or 1'],
    [['', ' dn: cn=a'], '2: a continuation (a line that begins with a blank) has no line before it'],
  ])('is refused where it holds %j', (lines, fault) => {
    expect(faultOf(...lines)).toBe(fault);
  });

  it('is refused where a line is neither UTF-8 nor base64', () => {
    const records = recordsOf(Buffer.from([...Buffer.from('dn: cn=a\ncn: '), 0xfc, 0x0a]));
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

  it('has its values read from the first sign that is no blank, and to the very end', () => {
    expect(parse('dn:\tcn=a', 'cn: \t\v\fa \t', 'sn:\u00a0b', 'l : c', 'st\t:d', 'ou::\tZQ== \t')).toMatchObject([
      {
        dn: 'cn=a',
        change: {
          attributes: [
            { name: 'cn', values: bytes('a \t') },
            { name: 'sn', values: bytes('\u00a0b') },
            { name: 'l', values: bytes('c') },
            { name: 'st', values: bytes('d') },
            { name: 'ou', values: bytes('e') },
          ],
        },
      },
    ]);
  });

  it('may be what ldapsearch printed, several times over', () => {
    const printed = [
      'version: 1',
      '',
      'dn: cn=a',
      'cn: a',
      '',
      '# search result',
      'search: 2',
      'result: 0 Success',
      '',
    ];
    expect(parse(...printed, ...printed, 'version: 1', 'dn: cn=b', 'cn: b')).toMatchObject([
      { number: 1, line: 3, dn: 'cn=a' },
      { number: 2, line: 12, dn: 'cn=a' },
      { number: 3, line: 20, dn: 'cn=b' },
    ]);
    expect(faultOf('search: 2', 'dn: cn=a', 'cn: a')).toBe("1: a record begins with 'dn: '");
  });

  it('may increment a number, and have blanks behind its own words', () => {
    expect(parse('dn: cn=a', 'changetype: modify ', 'increment: uidNumber ', 'uidNumber: 1', '-')).toMatchObject([
      { change: { modifications: [{ operation: 'increment', name: 'uidNumber', values: bytes('1') }] } },
    ]);
    expect(parse('dn: cn=a', 'changetype: rename', 'newrdn: cn=b', 'deleteoldrdn: 0 ')).toMatchObject([
      { change: { kind: 'rename', newRdn: 'cn=b', deleteOldRdn: false } },
    ]);
  });

  it('may come in pieces of any size', () => {
    const line = fc.constantFrom(
      ...['dn: cn=a', 'cn: Zo\u00eb', 'sn:: YQ==', 'changetype: delete', 'changetype: modify', 'add: cn', '-', ' fold'],
      ...['', '', '# comment', 'version: 1', 'search: 2', '\ufeffdn: cn=a', 'nonsense', 'cn: a\r'],
    );
    const pieces = fc.array(fc.nat({ max: 9 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 40 }), fc.constantFrom('\n', '\r\n'), pieces, (lines, end, sizes) => {
        const ldif = Buffer.from(lines.join(end));
        expect(recordsOf(ldif, sizes)).toEqual(recordsOf(ldif));
      }),
    );
  });

  it('has records up to a size, and those that are larger are left out of it, whatever makes them large', () => {
    const limits = { bytes: 100, lines: 5 };
    const faults = (...records: string[]) =>
      recordsOf(Buffer.from(records.join('\n\n')), [7], limits).map((record) =>
        record.kind === 'faulty' ? `${record.number}, ${record.line}: ${record.reason}` : record.dn,
      );
    const fault = 'the record is too large: it may have at most 100 bytes and 5 lines';
    const last = 'dn: cn=z\ncn: z';
    expect(faults(`dn: cn=a\ncn: ${'a'.repeat(86)}`, last)).toEqual(['cn=a', 'cn=z']);
    expect(faults(`dn: cn=a\ncn: ${'a'.repeat(87)}`, last)).toEqual([`1, 1: ${fault}`, 'cn=z']);
    expect(faults(`dn: cn=a\ncn: ${'a'.repeat(10_000)}\nsn: a`, last)).toEqual([`1, 1: ${fault}`, 'cn=z']);
    expect(faults(`dn: cn=a\ncn: ${'a\n '.repeat(50)}`, last)).toEqual([`1, 1: ${fault}`, 'cn=z']);
    expect(faults(`dn: cn=a${'\ncn: a'.repeat(4)}`, last)).toEqual(['cn=a', 'cn=z']);
    expect(faults(last, `dn: cn=a${'\ncn: a'.repeat(5)}`, last)).toEqual(['cn=z', `2, 4: ${fault}`, 'cn=z']);
    expect(faults(`#${'a'.repeat(500)}\n ${'a'.repeat(500)}\ndn: cn=a\n#${'a'.repeat(500)}\ncn: a`)).toEqual(['cn=a']);
    expect(faults('a'.repeat(1_000))).toEqual([`1, 1: ${fault}`]);
  });

  it('is reported as too large as soon as it is, although neither it nor its line ends', () => {
    const parser = new LdifParser({ bytes: 100, lines: 5 });
    const take = (text: string) =>
      [...parser.take(Buffer.from(text))].map(({ kind, number, line }) => `${kind} ${number} ${line}`);
    expect(take('dn: cn=a\ncn: a\n\n# comment')).toEqual(['change 1 1']);
    expect(take('x'.repeat(500))).toEqual([]);
    expect(take('\ndn: cn=b\ncn: ')).toEqual([]);
    expect(take('x'.repeat(500))).toEqual(['faulty 2 5']);
    for (let count = 0; count < 10; count += 1) expect(take('x'.repeat(500))).toEqual([]);
    expect(take('x\nsn: b\n# comment\n folded\n\ndn: cn=c\ncn: c\n\n')).toEqual(['change 3 11']);
    expect(take('dn: cn=d\n'.repeat(5))).toEqual([]);
    expect(take('dn: cn=d\n')).toEqual(['faulty 4 14']);
    expect(take('dn: cn=d\n'.repeat(5))).toEqual([]);
    expect([...parser.end()]).toEqual([]);
  });

  it('may have a value or a line of megabytes', () => {
    const value = Buffer.alloc(8 * 1024 * 1024, 'ab');
    const [record] = parse('dn: cn=a', `jpegPhoto:: ${value.toString('base64')}`);
    expect(record).toMatchObject({ change: { attributes: [{ name: 'jpegPhoto' }] } });
    const change = record?.kind === 'change' && record.change;
    const read = change && change.kind === 'add' ? change.attributes[0]?.values[0] : undefined;
    expect(read?.equals(value)).toBe(true);
    const long = 'a'.repeat(12 * 1024 * 1024);
    expect(faultOf('dn: cn=a', long)).toMatch(/^2: 'name: value' is expected, not "a{40}\.\.\."$/);
    expect(faultOf('dn: cn=a', `${long}: b`)).toMatch(/^2: "a{40}\.\.\." is not the name of an attribute$/);
    expect(faultOf('dn: cn=a', `cn:: ${long}*aaa`)).toMatch(/^2: "a{40}\.\.\." is not base64$/);
  });

  it('never makes the reader throw or hang, whatever its bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (input) => void recordsOf(Buffer.from(input))));
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
