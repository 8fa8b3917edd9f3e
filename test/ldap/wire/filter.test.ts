import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DirectoryError } from '../../../src/domain/directory-error.ts';
import { octetString } from '../../../src/ldap/wire/ber.ts';
import { encodeFilter, escapeFilterValue } from '../../../src/ldap/wire/filter.ts';

const encoded = (text: string) => encodeFilter(text).toString('hex');

describe('encoding a filter', () => {
  it.each([
    ['(a=b)', 'a306040161040162'],
    ['(objectClass=*)', '870b6f626a656374436c617373'],
    ['(a=)', 'a3050401610400'],
    ['(a>=1)', 'a506040161040131'],
    ['(a<=1)', 'a606040161040131'],
    ['(a~=1)', 'a806040161040131'],
    ['(&)', 'a000'],
    ['(|(a=1)(b=2))', 'a110a306040161040131a306040162040132'],
    ['(!(a=1))', 'a208a306040161040131'],
    ['(a=x*)', 'a4080401613003800178'],
    ['(a=*x)', 'a4080401613003820178'],
    ['(a=*x*y*)', 'a40b0401613006810178810179'],
    ['(a=x*y)', 'a40b0401613006800178820179'],
    ['(a:=x)', 'a906820161830178'],
    ['(a:dn:1.2.3:=x)', 'a9108105312e322e338201618301788401ff'],
    ['(:caseExactMatch:=x)', `a913${octetString('caseExactMatch', 0x81).toString('hex')}830178`],
    ['(a;lang-de=x)', 'a30e0409613b6c616e672d6465040178'],
    ['(1.2.3=x)', 'a30a0405312e322e33040178'],
    ['a=b', 'a306040161040162'],
    [' (& (a=1) (b=2) ) ', 'a010a306040161040131a306040162040132'],
  ])('%s', (text, bytes) => {
    expect(encoded(text)).toBe(bytes);
  });

  it('sends escapes and characters beyond ASCII as the bytes that they stand for', () => {
    expect(encoded('(a=\\2a\\28\\29\\5c\\00\\ff)')).toBe('a30b04016104062a28295c00ff');
    expect(encoded('(a=ü)')).toBe('a3070401610402c3bc');
    expect(encoded('(a=\\c3\\bc*)')).toBe('a40904016130048002c3bc');
  });

  it.each([
    '',
    '(',
    '(a)',
    '(a=b',
    '(a=b))',
    '(=x)',
    '(a=(b))',
    '(a=\\zz)',
    '(a=\\)',
    '(a b=c)',
    '(!)',
    '(!(a=1)(b=2))',
    '(a=**)',
    '(:=x)',
  ])('refuses %s', (text) => {
    expect(() => encodeFilter(text)).toThrow(DirectoryError);
  });

  it('refuses nesting without end instead of running out of stack', () => {
    expect(() => encodeFilter('(!'.repeat(100_000))).toThrow('nested too deeply');
  });

  it('takes any value that was escaped for what it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const asserted = Buffer.from(value);
        const bytes = encodeFilter(`(a=${escapeFilterValue(value)})`);
        expect(bytes.subarray(bytes.length - asserted.length)).toEqual(asserted);
      }),
    );
  });

  it('either encodes a text or throws a DirectoryError', () => {
    const text = fc
      .array(fc.constantFrom('(', ')', '&', '|', '!', '=', '*', '\\', '2a', 'a', ':', '>', 'dn', ' ', 'ü'))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (given) => {
        try {
          encodeFilter(given);
        } catch (error) {
          if (!(error instanceof DirectoryError)) throw error;
        }
      }),
      { numRuns: 5_000 },
    );
  });
});
