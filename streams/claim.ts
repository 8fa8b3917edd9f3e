import type { AccountRecord, AttributeNames, ReadEntry } from '../src/domain/account.ts';
import type { Decision } from '../src/domain/decide.ts';
import type { AccountDirectory, Patience } from '../src/domain/directory.ts';
import { DirectoryError, failureKind, ResultCode } from '../src/domain/directory-error.ts';
import type { DirectoryEntry } from '../src/domain/entry.ts';
import { type Mode, readMode, WORDS } from '../src/domain/mode.ts';
import { askAgain, claim, takenOver, takeOver } from '../src/domain/transition.ts';
import { type Candidate, laneOf } from './candidate.ts';
import { identityOf } from './identity.ts';

export interface ClaimDependencies {
  readonly directory: AccountDirectory;
  readonly names: AttributeNames;
  readonly readEntry: ReadEntry;
  /** Decides by the rules of this moment. */
  readonly decideNow: (record: AccountRecord) => Decision;
  readonly patience: Patience;
  /** No other service works on these accounts. */
  readonly alone: boolean;
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
  /** There is no such entry any more, or it is another program's business. */
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
  const { directory, names, readEntry, decideNow, alone } = dependencies;
  /** What is known for sure to be the present entry; undefined: read first. */
  let seen: AccountRecord | undefined = candidate.fresh ? candidate.record : undefined;
  let current: DirectoryEntry | undefined;
  let withReturnValue = true;
  /** A claim was sent that may have happened though no answer came. */
  let sent = false;
  /** A claim that happened must be taken back. */
  let undo = false;
  let conflicts = 0;

  for (let failures = 0; ; ) {
    try {
      if (seen === undefined) {
        current = await readAgain(candidate.record, directory);
        if (current === undefined) return { kind: 'gone' };
        const reading = readEntry(current);
        if (reading.kind === 'foreign') return { kind: 'gone' };
        if (reading.kind === 'unworkable') return { kind: 'unworkable', dn: current.dn, reason: reading.reason };
        seen = reading.record;
      }
      const decision = decideNow(seen);
      const { kind } = decision;
      const maybeRevived = sent && kind === 'resume' && revived(seen, decision.mode) && sameTurn(seen, candidate);
      if (isInWork(decision, seen) && (undo || maybeRevived)) {
        await directory.modify(seen.dn, askAgain(seen, decision.mode, names), false);
        undo = false;
        sent = false;
        seen = undefined;
        continue;
      }
      // Renamed or created anew: its turn is another one, so that neither the uid nor the entry is worked on twice at once.
      if (!sameTurn(seen, candidate)) return { kind: 'notNow', record: seen, decision };
      if (kind === 'resume') {
        if (current === undefined) {
          seen = undefined;
          continue;
        }
        return { kind: 'claimed', how: 'resume', mode: decision.mode, record: seen, entry: current };
      }
      const again = isInWork(decision, seen) && isStillOurs(seen, candidate);
      if (!again && kind !== 'claim' && kind !== 'takeOver') return { kind: 'notNow', record: seen, decision };
      const { mode } = decision;

      const claims = kind === 'claim';
      const modifications = claims ? claim(seen, mode, names, withReturnValue) : takeOver(seen, names);
      dependencies.claiming(claims ? claimed(seen, mode) : takenOver(seen));
      sent = true;
      // Without a return value to clear, another service's claim that was overwritten meanwhile shows in the version only.
      const version = claims && !alone && seen.returnValue === undefined ? seen.entryCSN : undefined;
      const told = await directory.modify(seen.dn, modifications, true, version);
      const after = told ?? (await directory.read(seen.dn));
      if (after === undefined) return { kind: 'gone' };
      const reading = readEntry(after);
      if (reading.kind === 'foreign') return { kind: 'gone' };
      if (reading.kind === 'unworkable') return { kind: 'unworkable', dn: after.dn, reason: reading.reason };
      // What was changed is the entry under the DN that was asked for, however the answer spells it.
      const record = { ...reading.record, dn: seen.dn };
      const now = decideNow(record);
      const ours = isInWork(now, record) && now.mode === mode;
      const mistaken = !sameTurn(record, candidate);
      if (ours && !mistaken && (again || !revived(record, mode))) {
        const how = again ? 'resume' : claims ? 'claim' : 'takeOver';
        return { kind: 'claimed', how, mode, record, entry: after };
      }
      // An entry that was read later may have been created later, and be somebody else's.
      undo = ours && !(mistaken && told === undefined);
      conflicts += 1;
      if (conflicts > MOST_CONFLICTS) {
        throw new DirectoryError(NEVER_KEPT, { resultCode: ResultCode.noSuchAttribute, remedy: FIND_THE_WRITER });
      }
      onConflict(record, !ours ? CHANGED_AFTER : mistaken ? ANOTHER_ENTRY : BECAME_ACTIVE);
      seen = ours ? record : undefined;
      current = undefined;
    } catch (error) {
      const failure = failureKind(error);
      if (failure === 'mismatch' || failure === 'gone') {
        conflicts += 1;
        if (conflicts > MOST_CONFLICTS) throw error;
        if (seen !== undefined && failure === 'mismatch') onConflict(seen, CHANGED_BEFORE);
      } else if (failure === 'away') {
        failures += 1;
        await dependencies.patience(failures, error);
      } else if (failure === 'unfit' && withReturnValue) {
        withReturnValue = false;
      } else {
        throw error;
      }
      // Whatever happened, what was known is known no longer; a modify without an answer may even have happened.
      seen = undefined;
      current = undefined;
    }
  }
}

const CHANGED_BEFORE = 'somebody else changed the account before it was claimed';
const CHANGED_AFTER = 'somebody changed the account right after it was claimed';
const ANOTHER_ENTRY = 'the entry was renamed, or created anew, before it was claimed';
const NEVER_KEPT = 'the account says something else each time, right after it was claimed';
const FIND_THE_WRITER = 'find out who writes to it, or why the directory does not keep what it accepts';
const BECAME_ACTIVE = 'the account became active before it was claimed for delete';

/** So many conflicts in a row are a directory that contradicts itself, or a writer without end: the claim is given up. */
const MOST_CONFLICTS = 20;

/** Found in work by somebody; a newer request may have to wait for him, too, and is not in work. */
function isInWork(
  decision: Decision,
  record: AccountRecord,
): decision is Decision & { readonly kind: 'resume' | 'takeOver' | 'wait' } {
  if (readMode(record.mode)?.phase !== 'inWork') return false;
  const { kind } = decision;
  return kind === 'resume' || kind === 'takeOver' || (kind === 'wait' && decision.recheckInMilliseconds !== undefined);
}

/** A delete is not for an active account; the compare-and-swap cannot name that attribute, which others write. */
function revived(record: AccountRecord, mode: Mode): boolean {
  return mode === 'delete' && record.active !== false;
}

function sameTurn(record: AccountRecord, { id, record: { uid } }: Candidate): boolean {
  return identityOf(record) === id && laneOf(record.uid) === laneOf(uid);
}

/**
 * Whether an account in work, that pauses before a further attempt of ours, was left alone meanwhile. Another service may
 * have taken it over, and even be at its own next attempt: each of its writes shows in the time of modification.
 */
function isStillOurs(record: AccountRecord, { own, record: left }: Candidate): boolean {
  if (own?.kind !== 'retry' || record.modifiedAt !== left.modifiedAt) return false;
  return record.returnValue === left.returnValue && record.date?.value === left.date?.value;
}

/** How a record will stand after the claim. */
function claimed(record: AccountRecord, mode: Mode): AccountRecord {
  return { ...record, mode: WORDS[mode].inWork, returnValue: undefined };
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
