import type { RecordLimits } from '../../src/ldif/lines.ts';
import { LdifParser } from '../../src/ldif/parse-ldif.ts';
import type { LdifRecord } from '../../src/ldif/record.ts';

/**
 * The records of an LDIF text. It is parsed in pieces of these sizes, over and over, as if it were
 * read from a file.
 */
export function recordsOf(ldif: Buffer, sizes: readonly number[] = [ldif.length], limits?: RecordLimits): LdifRecord[] {
  const parser = new LdifParser(limits);
  const records: LdifRecord[] = [];
  for (let at = 0, piece = 0; at < ldif.length; piece += 1) {
    const size = Math.max(1, sizes[piece % sizes.length] ?? 1);
    records.push(...parser.take(ldif.subarray(at, at + size)));
    at += size;
  }
  records.push(...parser.end());
  return records;
}

export async function* streamed<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}
