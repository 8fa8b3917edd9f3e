import { type BerReader, Tag } from '../../ldap/wire/ber.ts';
import type { Filter } from './filter.ts';

/** The deepest nesting of filters that is accepted. It bounds the stack. */
const DEEPEST = 100;

/** Reads the BER of a filter (RFC 4511, section 4.5.1.7). Throws if it is malformed. */
export function readFilter(from: BerReader, depth = 0): Filter {
  if (depth > DEEPEST) throw new Error('the filter is nested too deeply');
  const tag = from.peek();
  switch (tag) {
    case 0xa0:
    case 0xa1: {
      const parts: Filter[] = [];
      const body = from.enter(tag);
      while (!body.done) parts.push(readFilter(body, depth + 1));
      return { kind: tag === 0xa0 ? 'and' : 'or', parts };
    }
    case 0xa2:
      return { kind: 'not', part: readFilter(from.enter(tag), depth + 1) };
    case 0xa3:
    case 0xa8: // approxMatch is treated as equalityMatch
      return readAssertion('equal', from.enter(tag));
    case 0xa5:
      return readAssertion('atLeast', from.enter(tag));
    case 0xa6:
      return readAssertion('atMost', from.enter(tag));
    case 0x87:
      return { kind: 'present', name: from.text(tag) };
    case 0xa4:
      return readSubstrings(from.enter(tag));
    case 0xa9:
      return readExtensible(from.enter(tag));
    default:
      throw new Error('the kind of the filter is unknown');
  }
}

function readAssertion(kind: 'equal' | 'atLeast' | 'atMost', body: BerReader): Filter {
  return { kind, name: body.text(), value: octets(body) };
}

function readSubstrings(body: BerReader): Filter {
  const name = body.text();
  let initial: Buffer | undefined;
  let final: Buffer | undefined;
  const any: Buffer[] = [];
  const parts = body.enter(Tag.sequence);
  while (!parts.done) {
    const tag = parts.peek();
    if (tag === 0x80) initial = octets(parts, tag);
    else if (tag === 0x81) any.push(octets(parts, tag));
    else final = octets(parts, 0x82);
  }
  return { kind: 'substrings', name, initial, any, final };
}

function readExtensible(body: BerReader): Filter {
  const rule = body.peek() === 0x81 ? body.text(0x81) : undefined;
  const name = body.peek() === 0x82 ? body.text(0x82) : undefined;
  const value = octets(body, 0x83);
  return { kind: 'extensible', rule, name, value, dnAttributes: body.done ? false : body.boolean(0x84) };
}

/** Copies the bytes, because the filter of a persistent search outlives its request. */
function octets(from: BerReader, tag: number = Tag.octetString): Buffer {
  return Buffer.from(from.octets(tag));
}
