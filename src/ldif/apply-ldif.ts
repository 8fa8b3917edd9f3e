import type { LdifRecord } from './record.ts';

/** A record that can be read: what it asks for. */
export type ChangeRecord = LdifRecord & { readonly kind: 'change' };

/** Where changes go. */
export interface LdifTarget {
  /**
   * Rejects with an error whose message says what the directory answered; with `GivenUp` where
   * nothing goes on.
   */
  apply(record: ChangeRecord): Promise<void>;
}

/** The directory does not come back: no other record is worth trying. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp';
}

/** What became of one record. `line` is the line in question: of the fault, or the record's first. */
export interface RecordReport {
  readonly number: number;
  readonly line: number;
  readonly what: string;
  /** Undefined where it was applied. */
  readonly error: unknown;
}

export interface ApplyOptions {
  /** Goes on with the next record after one that failed. */
  readonly continueOnError: boolean;
  readonly report: (report: RecordReport) => void;
}

/** How many records were applied, and how many were not. */
export interface Tally {
  readonly applied: number;
  readonly failed: number;
  /** The first line of the record that ended it before its time; what follows was not tried. */
  readonly stoppedAt: number | undefined;
}

/**
 * Applies the records in their order, one at a time, as they are read: up to the first one that
 * fails or cannot be read, unless it is to continue. `connect` is asked for the directory once
 * there is something for it; what it rejects with ends it all.
 */
export async function applyLdif(
  records: AsyncIterable<LdifRecord>,
  connect: () => Promise<LdifTarget>,
  { continueOnError, report }: ApplyOptions,
): Promise<Tally> {
  let target: LdifTarget | undefined;
  let applied = 0;
  let failed = 0;
  for await (const record of records) {
    let result: RecordReport;
    if (record.kind === 'faulty') result = unreadable(record);
    else {
      target ??= await connect();
      result = await applyOne(record, target);
    }
    report(result);
    if (result.error === undefined) applied += 1;
    else failed += 1;
    if (failed > 0 && (!continueOnError || result.error instanceof GivenUp)) {
      return { applied, failed, stoppedAt: record.line };
    }
  }
  return { applied, failed, stoppedAt: undefined };
}

async function applyOne(record: ChangeRecord, target: LdifTarget): Promise<RecordReport> {
  const { number, line } = record;
  const what = `${record.change.kind} ${record.dn}`;
  try {
    await target.apply(record);
    return { number, line, what, error: undefined };
  } catch (error) {
    return { number, line, what, error };
  }
}

function unreadable({ number, faultLine, reason }: LdifRecord & { readonly kind: 'faulty' }): RecordReport {
  return { number, line: faultLine, what: 'not readable', error: new Error(reason) };
}
