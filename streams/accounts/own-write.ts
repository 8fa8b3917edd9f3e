import type { AccountRecord } from '../../src/domain/account.ts';
import { fingerprintOf, type Stamp } from './identity.ts';

/**
 * The last write of this service to an account, as long as no other write followed. A sight that
 * shows it is an echo.
 *
 *   none, resting, disowned, claiming -> claiming   a claim is sent
 *   claiming -> working                             it was answered
 *   working, resting, writing -> writing            an outcome is sent
 *   working, resting, writing -> resting            it failed, is repeated, or the outcome is kept
 *   any -> disowned                                 the account is not this service's own any more
 *   any -> (unknown)                                the account has left, also during a turn
 *   (unknown) -> none                               the account is back
 *   none, (unknown) -> claiming, working, writing, resting    the turn continues
 *
 * After a success the account leaves: see `FinishedAccount`.
 */
export type OwnWrite =
  | { readonly at: 'none' }
  | ({ readonly at: 'claiming' } & Written)
  | ({ readonly at: 'working' } & Written & Stamped)
  /** `expected`: the fingerprint of the account if the outcome is written. */
  | ({ readonly at: 'writing'; readonly expected: string } & Partial<Written & Stamped>)
  | ({ readonly at: 'resting' } & Written & Stamped)
  | ({ readonly at: 'disowned' } & Partial<Stamped>);

interface Written {
  /** The fingerprint of the account as it was written. */
  readonly written: string;
  /**
   * The number of the latest snapshot at that time. That snapshot may show the account as it was
   * before the write.
   */
  readonly duringSnapshot: number;
}

interface Stamped {
  /**
   * The version that the write made, as far as it is known. Its echo may come when the account is
   * already disowned.
   */
  readonly stamp: Stamp;
}

export const NOTHING_WRITTEN: OwnWrite = { at: 'none' };

/** The state when a claim is sent. If it succeeds, the account will be as `record`. */
export function claimSent(record: AccountRecord, duringSnapshot: number): OwnWrite {
  return { at: 'claiming', written: fingerprintOf(record), duringSnapshot };
}

/** The state when a write was answered. The account is as `record`. */
export function writeAnswered(at: 'working' | 'resting', record: AccountRecord, duringSnapshot: number): OwnWrite {
  const { modifiedAt, entryCSN } = record;
  const stamp = entryCSN === undefined ? { modifiedAt } : { modifiedAt, entryCSN };
  return { at, written: fingerprintOf(record), duringSnapshot, stamp };
}

/** The state when an outcome is sent. If it is written, the account will be as `record`. */
export function outcomeSent(before: OwnWrite, record: AccountRecord): OwnWrite {
  return { ...before, at: 'writing', expected: fingerprintOf(record) };
}

/** The state when the account is not this service's own any more. */
export function disowned(before: OwnWrite): OwnWrite {
  const stamp = stampOf(before);
  return stamp === undefined ? { at: 'disowned' } : { at: 'disowned', stamp };
}

/**
 * Whether the account is in work by this service: from the claim until the outcome is written, if
 * the account has not left meanwhile. The write-back finds out what has happened to the entry.
 */
export function isWorking({ at }: OwnWrite): boolean {
  return at === 'claiming' || at === 'working' || at === 'writing';
}

/** The fingerprint of the last write; undefined if there is none, or the account is disowned. */
export function writtenOf(write: OwnWrite): string | undefined {
  return 'written' in write ? write.written : undefined;
}

/** The version that the last write made. */
export function stampOf(write: OwnWrite): Stamp | undefined {
  return 'stamp' in write ? write.stamp : undefined;
}

/** Whether an account with this fingerprint is as it was written, or as it is about to be. */
export function readsAsWritten(write: OwnWrite, fingerprint: string): boolean {
  if ('written' in write && write.written === fingerprint) return true;
  return write.at === 'writing' && write.expected === fingerprint;
}

/** Whether a snapshot began before the last write. It may not show that write. */
export function mayPredate(snapshot: number | undefined, write: OwnWrite): boolean {
  if (snapshot === undefined || !('duringSnapshot' in write) || write.duringSnapshot === undefined) return false;
  return write.duringSnapshot >= snapshot;
}
