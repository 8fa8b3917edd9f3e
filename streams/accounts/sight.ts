import type { AccountRecord } from '../../src/domain/account.ts';
import { readMode } from '../../src/domain/mode.ts';
import type { SeenBy, SightContext } from './foreign-claims.ts';
import { fingerprintOf, isSameStamp } from './identity.ts';
import { type FinishedAccount, type Left, lastSeenOf, type OpenAccount } from './open-account.ts';
import { isWorking, mayPredate, NOTHING_WRITTEN, readsAsWritten, stampOf } from './own-write.ts';

/** The source of a sight. */
export interface Source {
  readonly by: SeenBy;
  /** The number of the refresh or list that shows the account; undefined for a change. */
  readonly snapshot?: number;
}

export const AS_CHANGE: Source = { by: 'stream' };

/** One sight of an account. */
export interface Sight extends Source {
  readonly id: string;
  readonly record: AccountRecord;
  readonly fingerprint: string;
  /** True if a newer version is known on this connection. */
  readonly stale: boolean;
  /** The number of the snapshot that began last. */
  readonly latestSnapshot: number;
}

/** What a sight means for the stream. */
export interface SightVerdict {
  readonly id: string;
  /** True if it shows a write of this service, or an older state: there is nothing to do. */
  readonly isEcho: boolean;
  /** True if nothing that decisions depend on has changed since the last sight. */
  readonly unchanged: boolean;
  /** True if this service is at work on the account. */
  readonly working: boolean;
  /** True if a newer version is known: the entry has to be read before anything is done. */
  readonly stale: boolean;
  /** True if it shows a claim of another service that should not exist. */
  readonly foreignClaim: boolean;
  /** The account as it was when a snapshot did not show it, if that was not passed on yet. */
  readonly missed?: Left | undefined;
}

/** What follows from a sight. */
export interface Judged {
  readonly verdict: Omit<SightVerdict, 'foreignClaim' | 'missed'>;
  /** What is remembered from now on; undefined if nothing is. */
  readonly account: OpenAccount | undefined;
  /** The facts by which the work of other services is judged; undefined if the sight shows none. */
  readonly others: Pick<SightContext, 'before' | 'unchanged' | 'readsAsOwn'> | undefined;
}

/**
 * Judges the first sight of an account. `finished`: the account as this service left it, if it has
 * finished it.
 */
export function judgeFirst(sight: Sight, finished: FinishedAccount | undefined): Judged {
  const { id, stale, record } = sight;
  const verdict = { id, working: false, stale };
  if (finished !== undefined && isOlderThanFinish(sight, finished)) {
    return { verdict: { ...verdict, isEcho: true, unchanged: true }, account: undefined, others: undefined };
  }
  const { dn, uid } = record;
  const account = {
    dn,
    uid,
    seenIn: sight.latestSnapshot,
    fingerprint: sight.fingerprint,
    askedAgain: isNewRequest(sight),
    ownWrite: NOTHING_WRITTEN,
  };
  const others = { before: undefined, unchanged: false, readsAsOwn: false };
  return { verdict: { ...verdict, isEcho: false, unchanged: false }, account, others };
}

/**
 * Judges a sight of a known account. If the account was written to after a snapshot began, what the
 * snapshot shows may be older than that write. It is ignored: anything newer comes as a change, or
 * with the next list.
 */
export function judgeNext(known: OpenAccount, sight: Sight): Judged {
  const { id, stale, fingerprint, snapshot, latestSnapshot: seenIn } = sight;
  const { dn, uid } = sight.record;
  const { ownWrite } = known;
  const working = isWorking(ownWrite);
  const old = { id, isEcho: true, unchanged: true, working, stale };
  // The write-back finds any newer request by its fence.
  if (stale && working) return { verdict: old, account: { ...known, seenIn }, others: undefined };
  const seen = { ...known, seenIn, askedAgain: known.askedAgain || isNewRequest(sight) };
  const isEcho = readsAsWritten(ownWrite, fingerprint);
  if (!isEcho && mayPredate(snapshot, ownWrite)) return { verdict: old, account: seen, others: undefined };
  const unchanged = known.fingerprint === fingerprint;
  return {
    verdict: { id, isEcho, unchanged, working, stale },
    account: { ...seen, dn, uid, fingerprint },
    others: othersIn(known, sight, isEcho),
  };
}

function othersIn(known: OpenAccount, { record, fingerprint }: Sight, isEcho: boolean): Judged['others'] {
  const { ownWrite } = known;
  const isInWork = readMode(record.mode)?.phase === 'inWork';
  const stamp = stampOf(ownWrite);
  const isLateEcho = stamp !== undefined && isSameStamp(stamp, record);
  if (isInWork && isLateEcho) return undefined;
  // While a claim is under way, a sight that looks like its echo may be another service's claim.
  const unchanged = known.fingerprint === fingerprint;
  return { before: lastSeenOf(known), unchanged, readsAsOwn: isEcho && isInWork && ownWrite.at !== 'claiming' };
}

/**
 * Whether a sight of a finished account is older than the finish: the echo of the write before, or
 * part of a snapshot that began earlier. An entry that was created or restored since, as from a
 * backup, is not older.
 */
function isOlderThanFinish({ snapshot, record, fingerprint }: Sight, finished: FinishedAccount): boolean {
  if (snapshot !== undefined) return finished.duringSnapshot >= snapshot;
  return finished.written === fingerprint && isSameStamp(finished.stamp, record);
}

/**
 * Whether the sight shows a request that is at least as new as this service's last write. This is
 * also checked for an account in work, because it may have left and come back. It requires a server
 * that shows an entryCSN.
 */
function isNewRequest({ record: { entryCSN, mode }, stale }: Sight): boolean {
  return !stale && entryCSN !== undefined && readMode(mode)?.phase === 'requested';
}

/** Returns a sight, before it is judged. */
export function sightOf(
  id: string,
  record: AccountRecord,
  source: Source,
  { stale, latestSnapshot }: Pick<Sight, 'stale' | 'latestSnapshot'>,
): Sight {
  return { id, record, ...source, stale, latestSnapshot, fingerprint: fingerprintOf(record) };
}
