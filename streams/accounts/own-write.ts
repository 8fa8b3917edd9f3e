import type { AccountRecord } from '../../src/domain/account.ts';
import { isFailure } from '../../src/domain/decide.ts';
import { fingerprintOf, type Stamp } from './identity.ts';

/**
 * What this service wrote last to an account, and nobody has written over since. A sight that shows
 * it is an echo.
 *
 *   none, resting, disowned, claiming -> claiming   a claim is sent
 *   claiming -> working                             it was answered
 *   working, resting, writing -> writing            an outcome is sent
 *   working, resting, writing -> resting            it failed, is repeated, or the outcome is kept
 *   any -> disowned                                 it is not this service's own any more
 *   any -> (unknown)                                the account has left, also during a turn
 *   (unknown) -> none                               it is back
 *   none, (unknown) -> claiming, working, writing, resting    the turn goes on
 *
 * After a success the account leaves: see `FinishedAccount`.
 */
export type OwnWrite =
  | { readonly at: 'none' }
  | ({ readonly at: 'claiming' } & Written)
  | ({ readonly at: 'working' } & Written & Stamped)
  /** `expected`: how the account will stand if the outcome is written. */
  | ({ readonly at: 'writing'; readonly expected: string } & Partial<Written & Stamped>)
  | ({ readonly at: 'resting' } & Written & Stamped)
  | ({ readonly at: 'disowned' } & Partial<Stamped>);

interface Written {
  /** The fingerprint of the account as it was written. */
  readonly written: string;
  /** The latest snapshot then: what it shows may be older than that write. */
  readonly duringSnapshot: number;
}

interface Stamped {
  /**
   * The version that the write made, as far as it is known: its echo may come when the account is
   * disowned already.
   */
  readonly stamp: Stamp;
  /** The directory's time of the claim; undefined once the return value of a failure is written. */
  readonly claimedAt: number | undefined;
}

export const NOTHING_WRITTEN: OwnWrite = { at: 'none' };

/** A claim is sent, with which the account will stand as `record`. */
export function claimSent(record: AccountRecord, duringSnapshot: number): OwnWrite {
  return { at: 'claiming', written: fingerprintOf(record), duringSnapshot };
}

/** A write was answered: the account stands as `record`. */
export function writeAnswered(at: 'working' | 'resting', record: AccountRecord, duringSnapshot: number): OwnWrite {
  const { modifiedAt, entryCSN, returnValue } = record;
  const stamp = entryCSN === undefined ? { modifiedAt } : { modifiedAt, entryCSN };
  const claimedAt = isFailure(returnValue) ? undefined : modifiedAt;
  return { at, written: fingerprintOf(record), duringSnapshot, stamp, claimedAt };
}

/** An outcome is sent, with which the account will stand as `record`. */
export function outcomeSent(before: OwnWrite, record: AccountRecord): OwnWrite {
  return { ...before, at: 'writing', expected: fingerprintOf(record) };
}

/** The account is not this service's own any more. */
export function disowned(before: OwnWrite): OwnWrite {
  const stamp = stampOf(before);
  return stamp === undefined ? { at: 'disowned' } : { at: 'disowned', stamp, claimedAt: claimedAtOf(before) };
}

/**
 * From the claim until the outcome is written, as far as the account has not left meanwhile. The
 * write-back finds out what happens to the entry.
 */
export function isWorking({ at }: OwnWrite): boolean {
  return at === 'claiming' || at === 'working' || at === 'writing';
}

/** The fingerprint of what was written last; undefined where nothing of it still stands. */
export function writtenOf(write: OwnWrite): string | undefined {
  return 'written' in write ? write.written : undefined;
}

/** The version that the last write made. */
export function stampOf(write: OwnWrite): Stamp | undefined {
  return 'stamp' in write ? write.stamp : undefined;
}

/** The directory's time of the claim, while its attempt has not failed. */
export function claimedAtOf(write: OwnWrite): number | undefined {
  return 'claimedAt' in write ? write.claimedAt : undefined;
}

/** Whether an account with this fingerprint stands as it was written, or is about to be. */
export function readsAsWritten(write: OwnWrite, fingerprint: string): boolean {
  if ('written' in write && write.written === fingerprint) return true;
  return write.at === 'writing' && write.expected === fingerprint;
}

/** Whether a snapshot began before the last write, which it may not show. */
export function mayPredate(snapshot: number | undefined, write: OwnWrite): boolean {
  if (snapshot === undefined || !('duringSnapshot' in write) || write.duringSnapshot === undefined) return false;
  return write.duringSnapshot >= snapshot;
}
