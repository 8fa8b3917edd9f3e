import type { LdifAttribute, LdifModification, LdifRecord } from './record.ts';

/** Where changes go. Each rejects, with an error whose message says what the directory answered. */
export interface LdifTarget {
  add(dn: string, attributes: readonly LdifAttribute[]): Promise<void>;
  modify(dn: string, modifications: readonly LdifModification[]): Promise<void>;
  delete(dn: string): Promise<void>;
  rename(dn: string, newRdn: string, deleteOldRdn: boolean, newSuperior: string | undefined): Promise<void>;
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

/**
 * Applies the records in their order, one at a time. Records that cannot be read end it before anything is applied, unless
 * it is to continue. Returns how many were applied and how many failed; the rest were not tried.
 */
export async function applyLdif(
  records: readonly LdifRecord[],
  target: LdifTarget,
  { continueOnError, report }: ApplyOptions,
): Promise<{ readonly applied: number; readonly failed: number }> {
  const unreadable = records.find((record) => record.kind === 'faulty');
  const work = unreadable !== undefined && !continueOnError ? [unreadable] : records;
  let applied = 0;
  let failed = 0;
  for (const record of work) {
    const { number, line } = record;
    if (record.kind === 'faulty') {
      failed += 1;
      report({ number, line: record.faultLine, what: 'not readable', error: new Error(record.reason) });
    } else {
      const what = `${record.change.kind} ${record.dn}`;
      try {
        await applyOne(record, target);
        applied += 1;
        report({ number, line, what, error: undefined });
      } catch (error) {
        failed += 1;
        report({ number, line, what, error });
      }
    }
    if (failed > 0 && !continueOnError) break;
  }
  return { applied, failed };
}

function applyOne({ dn, change }: LdifRecord & { kind: 'change' }, target: LdifTarget): Promise<void> {
  switch (change.kind) {
    case 'add':
      return target.add(dn, change.attributes);
    case 'modify':
      return target.modify(dn, change.modifications);
    case 'delete':
      return target.delete(dn);
    case 'rename':
      return target.rename(dn, change.newRdn, change.deleteOldRdn, change.newSuperior);
  }
}
