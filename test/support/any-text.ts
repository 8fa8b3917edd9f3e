import fc from 'fast-check';

const upTo = (last: number) => fc.integer({ min: 0, max: last });

/** Any code point except surrogates: one byte, two bytes and any size are equally frequent. */
const character = fc
  .oneof(upTo(0xff), upTo(0xffff), upTo(0x10ffff))
  .map((code) => String.fromCodePoint(code >= 0xd800 && code <= 0xdfff ? 0xfffd : code));

/** Text of any characters. fast-check's own unit `binary` takes a second to build its table. */
export function anyText(constraints: Pick<fc.StringConstraints, 'minLength' | 'maxLength'> = {}): fc.Arbitrary<string> {
  return fc.string({ ...constraints, unit: character });
}
