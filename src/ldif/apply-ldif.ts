import type { LdifRecord } from './record.ts';

/** A record that could be read, with the change that it asks for. */
export type ChangeRecord = LdifRecord & { readonly kind: 'change' };

/** The directory to which changes are applied. */
export interface LdifTarget {
  /**
   * Rejects with an error whose message gives the answer of the directory, or with `GivenUp` if the
   * load cannot go on.
   */
  apply(record: ChangeRecord): Promise<void>;
}

/** The directory cannot be used any more, so no other record is tried. */
export class GivenUp extends Error {
  override readonly name = 'GivenUp';
}

/** What became of one record. `line` is the line at fault, or the record's first line. */
export interface RecordReport {
  readonly number: number;
  readonly line: number;
  readonly what: string;
  /** Undefined if the record was applied. */
  readonly error: unknown;
}

export interface ApplyOptions {
  /** Whether to go on with the next record after one has failed. */
  readonly continueOnError: boolean;
  readonly report: (report: RecordReport) => void;
}

/** The number of records that were applied, and of those that failed. */
export interface Tally {
  readonly applied: number;
  readonly failed: number;
  /**
   * The first line of the record at which the load stopped: later records were not tried. Undefined
   * if it did not stop.
   */
  readonly stoppedAt: number | undefined;
}

/**
 * Applies the records in their order, one at a time, as they are read. Stops at the first one that
 * fails or cannot be read, unless `continueOnError` is set; `GivenUp` always stops it. `connect` is
 * called once, before the first change. Rejects if `connect` does.
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
