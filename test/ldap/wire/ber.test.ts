import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DirectoryError } from '../../../src/domain/directory-error.ts';
import { BerReader, boolean, element, integer, octetString, sequence, Tag } from '../../../src/ldap/wire/ber.ts';

const hex = (bytes: Buffer) => bytes.toString('hex');
const reading = (digits: string) => new BerReader(Buffer.from(digits, 'hex'));

describe('writing BER', () => {
  it('writes integers in the fewest bytes, in two’s complement', () => {
    const written = [0, 1, 127, 128, 255, 256, 32_767, 32_768, 2 ** 31 - 1, 2 ** 40, -1, -128, -129];
    expect(written.map((value) => hex(integer(value)))).toEqual([
      '020100',
      '020101',
      '02017f',
      '02020080',
      '020200ff',
      '02020100',
      '02027fff',
      '0203008000',
      '02047fffffff',
      '0206010000000000',
      '0201ff',
      '020180',
      '0202ff7f',
    ]);
  });

  it('writes lengths in the fewest bytes', () => {
    const header = (length: number) => hex(octetString(Buffer.alloc(length))).slice(0, 10);
    expect(header(0)).toBe('0400');
    expect(header(127).slice(0, 4)).toBe('047f');
    expect(header(128).slice(0, 6)).toBe('048180');
    expect(header(256).slice(0, 8)).toBe('04820100');
    expect(header(65_536)).toBe('0483010000');
  });

  it('writes TRUE as ff', () => {
    expect(hex(boolean(true))).toBe('0101ff');
  });
});

describe('reading BER', () => {
  it('reads back what was written', () => {
    const value = fc.integer({ min: -(2 ** 47), max: 2 ** 47 - 1 });
    fc.assert(
      fc.property(value, fc.uint8Array({ maxLength: 400 }), fc.boolean(), (number, bytes, truth) => {
        const written = sequence(integer(number), octetString(Buffer.from(bytes)), boolean(truth));
        const reader = new BerReader(written).enter(Tag.sequence);
        expect(reader.integer()).toBe(number);
        expect(hex(reader.octets())).toBe(hex(Buffer.from(bytes)));
        expect(reader.boolean()).toBe(truth);
        expect(reader.done).toBe(true);
      }),
    );
  });

  it.each([
    ['an element longer than its container', '3004020201'],
    ['a length without its bytes', '0482'],
    ['an indefinite length', '04800000'],
    ['a length of five bytes', '04850000000001ff'],
    ['a length near four gigabytes', '0484ffffffff00'],
    ['a lone tag', '04'],
    ['nothing', ''],
  ])('refuses %s', (_title, digits) => {
    const reader = reading(digits);
    expect(() => reader.next(reader.peek())).toThrow(DirectoryError);
  });

  it('refuses another tag, an integer of no or of seven bytes, and a boolean of two', () => {
    expect(() => reading('0400').integer()).toThrow('tag 0x4 where 0x2 is due');
    expect(() => reading('0200').integer()).toThrow('an integer of 0 bytes');
    expect(() => reading('020700000000000001').integer()).toThrow('an integer of 7 bytes');
    expect(() => reading('01020000').boolean()).toThrow('a boolean');
  });

  it('accepts a length in more bytes than needed, as BER allows', () => {
    expect(hex(reading('04830000020a0b').octets())).toBe('0a0b');
  });

  it('reads only inside the bounds that it was given', () => {
    const bytes = element(Tag.octetString, Buffer.from('abc'));
    expect(() => new BerReader(bytes, 0, 4).octets()).toThrow(DirectoryError);
  });
});
