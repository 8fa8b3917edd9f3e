import { type DirectoryEntry, entryOf } from '../../domain/entry.ts';
import { BerReader, malformed, Tag } from './ber.ts';
import { DEFAULT_MESSAGE_LIMIT } from './framer.ts';
import type { LdapMessage } from './message.ts';

/**
 * The entry of a message. If the message was over the size limit, the entry has only its DN. Throws
 * a DirectoryError if it is malformed.
 */
export function readSearchEntry({ bytes, start, end, shortenedFrom }: LdapMessage): DirectoryEntry {
  const entry = new SearchEntry(bytes, start, end);
  return shortenedFrom === undefined ? entry : entryOf(entry.dn, {}, tooLarge(shortenedFrom));
}

function tooLarge(length: number): string {
  return `the entry has ${length} bytes, and at most ${DEFAULT_MESSAGE_LIMIT} are read: remove the values that make it so large`;
}

/**
 * A SearchResultEntry (RFC 4511, section 4.5.2) that decodes an attribute only when that attribute
 * is read. It owns a copy of its bytes, so it may be kept for any time. A name with options
 * (`cn;lang-de`) is a different name.
 */
export class SearchEntry implements DirectoryEntry {
  readonly #bytes: Buffer;
  /** The offset of the first attribute. */
  readonly #attributes: number;
  #dn: string | undefined;

  /**
   * Copies and checks the value of a SearchResultEntry. Throws a DirectoryError if it is malformed.
   */
  constructor(source: Buffer, start: number, end: number) {
    const bytes = Buffer.allocUnsafe(end - start);
    source.copy(bytes, 0, start, end);
    this.#bytes = bytes;
    this.#attributes = checkEntry(bytes);
  }

  get dn(): string {
    this.#dn ??= new BerReader(this.#bytes).text();
    return this.#dn;
  }

  values(name: string): readonly Buffer[] {
    const reader = this.#find(name);
    return reader === undefined ? [] : readValues(reader);
  }

  texts(name: string): readonly string[] {
    const reader = this.#find(name);
    return reader === undefined ? [] : readTexts(reader);
  }

  /**
   * A reader at the SET OF values of an attribute; undefined if the entry does not have the
   * attribute.
   */
  #find(name: string): BerReader | undefined {
    const bytes = this.#bytes;
    const reader = new BerReader(bytes, this.#attributes);
    while (!reader.done) {
      reader.next(Tag.sequence);
      const behind = reader.offset;
      reader.offset = reader.start;
      reader.next(Tag.octetString);
      if (sameName(bytes, reader.start, reader.stop, name)) return reader;
      reader.offset = behind;
    }
    return undefined;
  }

  *attributes(): Generator<readonly [name: string, values: readonly Buffer[]]> {
    const reader = new BerReader(this.#bytes, this.#attributes);
    while (!reader.done) {
      reader.next(Tag.sequence);
      const behind = reader.offset;
      reader.offset = reader.start;
      const name = reader.text();
      yield [name, readValues(reader)];
      reader.offset = behind;
    }
  }
}

/**
 * Checks the whole entry once, so that no later access can fail. Returns the offset of the first
 * attribute.
 */
function checkEntry(bytes: Buffer): number {
  const reader = new BerReader(bytes);
  reader.next(Tag.octetString);
  reader.next(Tag.sequence);
  if (!reader.done) throw malformed('something follows the attributes of an entry');
  const attributes = reader.start;
  reader.offset = attributes;
  while (!reader.done) {
    reader.next(Tag.sequence);
    const behind = reader.stop;
    reader.offset = reader.start;
    reader.next(Tag.octetString, behind);
    reader.next(Tag.set, behind);
    if (reader.stop !== behind) throw malformed('something follows the values of an attribute');
    reader.offset = reader.start;
    while (reader.offset < behind) reader.next(Tag.octetString, behind);
  }
  return attributes;
}

/** Reads the SET OF values at the reader's position. */
function readValues(reader: BerReader): Buffer[] {
  reader.next(Tag.set);
  const behind = reader.stop;
  reader.offset = reader.start;
  const values: Buffer[] = [];
  while (reader.offset < behind) values.push(reader.octets());
  return values;
}

/**
 * Reads like `readValues`, without a Buffer for each value, because a refresh has millions of
 * texts.
 */
function readTexts(reader: BerReader): string[] {
  reader.next(Tag.set);
  const behind = reader.stop;
  reader.offset = reader.start;
  const texts: string[] = [];
  while (reader.offset < behind) texts.push(reader.text());
  return texts;
}

function sameName(bytes: Buffer, start: number, end: number, name: string): boolean {
  if (end - start !== name.length) return false;
  for (let index = 0; index < name.length; index += 1) {
    const one = bytes[start + index] ?? 0;
    const other = name.charCodeAt(index);
    if (one !== other && lower(one) !== lower(other)) return false;
  }
  return true;
}

function lower(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
}
