import { LdifFault } from './fault.ts';
import { type LogicalLine, RecordCutter, type RecordLimits, type RecordLines } from './lines.ts';
import { readModifications } from './modifications.ts';
import type { LdifAttribute, LdifChange, LdifRecord } from './record.ts';
import { asText, asWord, type RecordLine, readValueLine, type ValueLine } from './value-line.ts';

/**
 * Reads LDIF (RFC 2849), content and change records, in pieces of any size. Holds at most one
 * record. A record that does not follow the format, or is larger than the limits, is yielded as
 * `faulty` in its place, and does not affect the others.
 */
export class LdifParser {
  readonly #cutter: RecordCutter;
  #records = 0;

  constructor(limits?: RecordLimits) {
    this.#cutter = new RecordCutter(limits);
  }

  /** Takes the next piece of the input and yields the records that it completes. */
  take(bytes: Buffer): Generator<LdifRecord> {
    return this.#read(this.#cutter.take(bytes));
  }

  /** To be called at the end of the input. Yields the record that the end completes. */
  end(): Generator<LdifRecord> {
    return this.#read(this.#cutter.end());
  }

  *#read(cut: Iterable<RecordLines>): Generator<LdifRecord> {
    for (const lines of cut) {
      const record = readLines(lines, this.#records + 1);
      if (record === undefined) continue;
      this.#records += 1;
      yield record;
    }
  }
}

/** Reads the LDIF of a stream record by record, no faster than the records are consumed. */
export async function* parseLdif(pieces: AsyncIterable<Buffer>): AsyncGenerator<LdifRecord> {
  const parser = new LdifParser();
  for await (const piece of pieces) yield* parser.take(piece);
  yield* parser.end();
}

/** Reads the lines of one record; undefined if they ask for nothing. */
function readLines(lines: RecordLines, number: number): LdifRecord | undefined {
  const position = { number, line: lines[0]?.line ?? 1 };
  try {
    const rest = withoutVersion(lines.map(readLine));
    if (rest.length === 0 || isSearchResult(rest)) return undefined;
    return { ...position, line: rest[0]?.line ?? position.line, kind: 'change', ...readRecord(rest) };
  } catch (error) {
    if (!(error instanceof LdifFault)) throw error;
    return { ...position, kind: 'faulty', faultLine: error.line, reason: error.message };
  }
}

function readLine(given: LogicalLine | LdifFault): RecordLine {
  if (given instanceof LdifFault) throw given;
  return given.text === '-' ? { kind: 'end', line: given.line } : readValueLine(given);
}

/** Removes a version line. Concatenated files may each begin with one. */
function withoutVersion(lines: readonly RecordLine[]): readonly RecordLine[] {
  const [line] = lines;
  if (line === undefined || 'kind' in line || line.name.toLowerCase() !== 'version') return lines;
  if (asWord(line.value, line.line) !== '1') throw new LdifFault(line.line, 'only version 1 of LDIF exists');
  return lines.slice(1);
}

/**
 * Whether the lines are the end of the output of ldapsearch, after the entries, or stand for an
 * entry that is on another server.
 */
function isSearchResult(lines: readonly RecordLine[]): boolean {
  const [first] = lines;
  if (first === undefined || 'kind' in first || !/^(?:search|result|ref)$/i.test(first.name)) return false;
  return !lines.some((line) => !('kind' in line) && line.name.toLowerCase() === 'dn');
}

function readRecord(lines: readonly RecordLine[]): { dn: string; change: LdifChange } {
  const [first, ...rest] = lines;
  if (first === undefined || 'kind' in first || first.name.toLowerCase() !== 'dn') {
    throw new LdifFault(first?.line ?? 1, "a record begins with 'dn: '");
  }
  const dn = asText(first.value, first.line);
  const [second] = rest;
  const name = second === undefined || 'kind' in second ? '' : second.name.toLowerCase();
  if (second !== undefined && name === 'control') {
    throw new LdifFault(second.line, 'controls are not supported: remove the line');
  }
  if (second === undefined || 'kind' in second || name !== 'changetype')
    return { dn, change: readAdd(rest, first.line) };
  return { dn, change: readChange(second, rest.slice(1)) };
}

function readChange(changetype: ValueLine, lines: readonly RecordLine[]): LdifChange {
  const word = asWord(changetype.value, changetype.line).toLowerCase();
  switch (word) {
    case 'add':
      return readAdd(lines, changetype.line);
    case 'modify':
      return { kind: 'modify', modifications: readModifications(lines, changetype.line) };
    case 'delete':
      if (lines[0] !== undefined) throw new LdifFault(lines[0].line, 'nothing may follow changetype: delete');
      return { kind: 'delete' };
    case 'modrdn':
    case 'moddn':
    case 'rename':
      return readRename(lines, changetype.line);
    default:
      throw new LdifFault(
        changetype.line,
        `changetype is add, modify, delete, modrdn or moddn, not ${JSON.stringify(word)}`,
      );
  }
}

function readAdd(lines: readonly RecordLine[], at: number): LdifChange {
  const attributes = new Map<string, { name: string; values: Buffer[] }>();
  for (const given of lines) {
    if ('kind' in given) throw new LdifFault(given.line, "'-' belongs to changetype: modify");
    if (/^(dn|changetype)$/i.test(given.name)) {
      throw new LdifFault(given.line, `${given.name} is inside a record: put an empty line before each record`);
    }
    const key = given.name.toLowerCase();
    const known = attributes.get(key);
    if (known === undefined) attributes.set(key, { name: given.name, values: [given.value] });
    else known.values.push(given.value);
  }
  if (attributes.size === 0) throw new LdifFault(at, 'the record has no attributes');
  return { kind: 'add', attributes: [...attributes.values()] satisfies LdifAttribute[] };
}

function readRename(lines: readonly RecordLine[], at: number): LdifChange {
  const expected = ['newrdn', 'deleteoldrdn', 'newsuperior'] as const;
  const found: Partial<Record<(typeof expected)[number], string>> = {};
  for (const [index, given] of lines.entries()) {
    const name = expected[index];
    if (name === undefined || 'kind' in given || given.name.toLowerCase() !== name) {
      throw new LdifFault(given.line, `${name ?? 'the end of the record'} is expected here`);
    }
    found[name] = name === 'deleteoldrdn' ? asWord(given.value, given.line) : asText(given.value, given.line);
  }
  const { newrdn, deleteoldrdn, newsuperior } = found;
  if (newrdn === undefined || deleteoldrdn === undefined)
    throw new LdifFault(at, 'newrdn and deleteoldrdn are missing');
  if (!/^[01]$/.test(deleteoldrdn)) throw new LdifFault(lines[1]?.line ?? at, 'deleteoldrdn is 0 or 1');
  return { kind: 'rename', newRdn: newrdn, deleteOldRdn: deleteoldrdn === '1', newSuperior: newsuperior };
}
