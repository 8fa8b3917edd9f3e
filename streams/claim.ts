import type { AccountRecord, AttributeNames, ReadEntry } from '../src/domain/account.ts';
import type { Decision } from '../src/domain/decide.ts';
import type { AccountDirectory, Patience } from '../src/domain/directory.ts';
import { failureKind } from '../src/domain/directory-error.ts';
import type { DirectoryEntry } from '../src/domain/entry.ts';
import { type Mode, WORDS } from '../src/domain/mode.ts';
import { askAgain, claim, takeOver } from '../src/domain/transition.ts';
import type { Candidate } from './candidate.ts';

export interface ClaimDependencies {
  readonly directory: AccountDirectory;
  readonly names: AttributeNames;
  readonly readEntry: ReadEntry;
  /** Decides by the rules of this moment. */
  readonly decideNow: (record: AccountRecord) => Decision;
  readonly patience: Patience;
  /** Told how the entry will stand if the claim succeeds: its echo may come before the answer. */
  readonly claiming: (record: AccountRecord) => void;
}

export type ClaimResult =
  /** The account is this service's, and stands as `record` and `entry` say. */
  | {
      readonly kind: 'claimed';
      readonly how: 'claim' | 'resume' | 'takeOver';
      readonly mode: Mode;
      readonly record: AccountRecord;
      readonly entry: DirectoryEntry;
    }
  /** Nothing to be done with it now. */
  | { readonly kind: 'notNow'; readonly record: AccountRecord; readonly decision: Decision }
  | { readonly kind: 'unworkable'; readonly dn: string; readonly reason: string }
  | { readonly kind: 'gone' };

/** What the claim meets on its way. */
export type OnConflict = (record: AccountRecord, reason: string) => void;

/**
 * Takes an account by compare-and-swap, or finds that there is nothing to take. The record that was seen is only a hint:
 * whenever the directory disagrees, the entry is read again and decided about anew. Waits while the directory is away.
 * Rejects with what the directory refuses for good, and when the service stops.
 */
export async function claimAccount(
  candidate: Candidate,
  dependencies: ClaimDependencies,
  onConflict: OnConflict,
): Promise<ClaimResult> {
  const { directory, names, readEntry, decideNow } = dependencies;
  /** What is known for sure to be the present entry; undefined: read first. */
  let seen: AccountRecord | undefined = candidate.fresh ? candidate.record : undefined;
  let current: DirectoryEntry | undefined;
  const isRetry = candidate.own?.kind === 'retry';
  let withReturnValue = true;

  for (let failures = 0; ; ) {
    try {
      if (seen === undefined) {
        current = await readAgain(candidate.record, directory);
        if (current === undefined) return { kind: 'gone' };
        const reading = readEntry(current);
        if (reading.kind !== 'account') return { kind: 'unworkable', dn: current.dn, reason: reading.reason };
        seen = reading.record;
      }
      const decision = decideNow(seen);
      const { kind } = decision;
      // A further attempt of our own: the account is in work because of us, whatever age another service would wait for.
      const own =
        isRetry &&
        (kind === 'resume' || kind === 'takeOver' || (kind === 'wait' && 'recheckInMilliseconds' in decision));
      if (own || kind === 'resume') {
        if (current === undefined) {
          seen = undefined;
          continue;
        }
        return { kind: 'claimed', how: 'resume', mode: decision.mode, record: seen, entry: current };
      }
      if (kind !== 'claim' && kind !== 'takeOver') return { kind: 'notNow', record: seen, decision };

      const modifications =
        kind === 'claim' ? claim(seen, decision.mode, names, withReturnValue) : takeOver(seen, names);
      dependencies.claiming(claimed(seen, decision.mode, kind));
      const after = (await directory.modify(seen.dn, modifications, true)) ?? (await directory.read(seen.dn));
      if (after === undefined) return { kind: 'gone' };
      const reading = readEntry(after);
      if (reading.kind !== 'account') return { kind: 'unworkable', dn: after.dn, reason: reading.reason };
      const verdict = verify(reading.record, decision.mode, decideNow);
      if (verdict === 'claimed') {
        return { kind: 'claimed', how: kind, mode: decision.mode, record: reading.record, entry: after };
      }
      onConflict(reading.record, verdict.reason);
      if (verdict.undo) await directory.modify(after.dn, askAgain(reading.record, decision.mode, names), false);
      seen = undefined;
      current = undefined;
    } catch (error) {
      const failure = failureKind(error);
      if (failure === 'mismatch') {
        if (seen !== undefined) onConflict(seen, 'somebody else changed the account before it was claimed');
      } else if (failure === 'away') {
        failures += 1;
        await dependencies.patience(failures, error);
      } else if (failure === 'unfit' && withReturnValue) {
        withReturnValue = false;
      } else if (failure !== 'gone') {
        throw error;
      }
      // Whatever happened, what was known is known no longer; a modify without an answer may even have happened.
      seen = undefined;
      current = undefined;
    }
  }
}

/** How a record will stand after the claim. */
function claimed(record: AccountRecord, mode: Mode, kind: 'claim' | 'takeOver'): AccountRecord {
  if (kind === 'claim') return { ...record, mode: WORDS[mode].inWork, returnValue: undefined };
  return { ...record, returnValue: record.returnValue === undefined ? '0' : undefined };
}

/** The entry as it is now: under its DN, or wherever it was renamed or moved to. */
export async function readAgain(
  record: Pick<AccountRecord, 'dn' | 'entryUUID'>,
  directory: AccountDirectory,
): Promise<DirectoryEntry | undefined> {
  const underDn = await directory.read(record.dn);
  if (record.entryUUID === undefined) return underDn;
  const [uuid] = underDn?.values('entryUUID') ?? [];
  // Deleted and created again under the same DN it is another entry; a server that does not tell is believed.
  if (underDn !== undefined && (uuid === undefined || uuid.toString('utf8').toLowerCase() === record.entryUUID))
    return underDn;
  return (await directory.find(record.entryUUID)) ?? underDn;
}

/** Between the sighting and the claim other attributes may have changed that the compare-and-swap does not name. */
function verify(
  record: AccountRecord,
  mode: Mode,
  decideNow: (record: AccountRecord) => Decision,
): 'claimed' | { reason: string; undo: boolean } {
  const now = decideNow(record);
  const ours =
    now.kind === 'resume' || now.kind === 'takeOver' || (now.kind === 'wait' && 'recheckInMilliseconds' in now);
  if (!ours || now.mode !== mode)
    return { reason: 'somebody changed the account right after it was claimed', undo: false };
  if (mode === 'delete' && record.active !== false) {
    return { reason: 'the account became active before it was claimed for delete', undo: true };
  }
  return 'claimed';
}
