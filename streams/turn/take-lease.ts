import type { AccountRecord } from '../../src/domain/account.ts';
import { isInWork } from '../../src/domain/decide.ts';
import { fingerprintOf } from '../accounts/identity.ts';
import { type Candidate, refOf } from '../candidate.ts';
import type { Taken } from '../leases/leases.ts';
import type { Slot } from '../slots.ts';
import type { TurnDependencies } from '../turn-dependencies.ts';
import type { LeaseAnswer } from './claim-state.ts';
import { readAgain } from './read-again.ts';
import { foreignClaimEvent } from './turn-events.ts';

/**
 * Takes the lease of the uid. The answer is `held` if this service has the lease, and the account
 * is as it was seen. After any other answer the account has changed, or may have changed during a
 * wait. The turn waits if another service has the lease, or has claimed the account without one. It
 * lends its slot meanwhile.
 */
export async function takeLease(
  candidate: Candidate,
  record: AccountRecord,
  job: string,
  dependencies: TurnDependencies,
  slot: Slot,
): Promise<LeaseAnswer> {
  const { leases, draining, accounts } = dependencies;
  const { uid } = record;
  const inWork = isInOthersWork(candidate, record, dependencies);
  const answer =
    (isHeldFor(uid, inWork, dependencies) ? HELD : undefined) ??
    (await waitForTurn(candidate, record, dependencies, slot)) ??
    (await answerTo(await leases.take(uid, { job, inWork }, draining), record, dependencies, slot));
  accounts.turns.waits(record, undefined);
  return answer === HELD ? { got: 'lease', is: 'held', attempt: leases.attempt(uid) } : answer;
}

const HELD = 'held';
const WAITED: LeaseAnswer = { got: 'lease', is: 'waited' };
const OVERTAKEN: LeaseAnswer = { got: 'lease', is: 'overtaken' };

/** Whether the account is in work by a claim of another service. */
function isInOthersWork(
  { ownWork }: Candidate,
  record: AccountRecord,
  { open: { versions } }: TurnDependencies,
): boolean {
  if (ownWork !== undefined || versions.isOwn(record) || versions.mayBeOwn(record)) return false;
  return isInWork(record);
}

/**
 * Whether the lease is held. A lease that was taken for a request does not cover work that was
 * begun without it. Then it is given up, and taken again for an account in work.
 */
function isHeldFor(uid: string, inWork: boolean, { leases }: TurnDependencies): boolean {
  if (!leases.isHeld(uid)) return false;
  if (!inWork || leases.mayResume(uid)) return true;
  leases.release(uid, { to: 'free' });
  return false;
}

/**
 * Waits until this service is next among all services. Resolves to an answer if the account has
 * changed, or may have changed.
 */
async function waitForTurn(
  candidate: Candidate,
  record: AccountRecord,
  dependencies: TurnDependencies,
  slot: Slot,
): Promise<LeaseAnswer | undefined> {
  const { leases, open, report, away, draining, accounts } = dependencies;
  const { id, ownWork } = candidate;
  const { uid } = record;
  if (!leases.mayTake) {
    report({ event: 'waiting', reason: TWO_MASTERS, ...refOf(record) });
    accounts.turns.waits(record, TWO_MASTERS);
    await slot.lend(() => leases.untilMayTake(draining));
    return WAITED;
  }
  if (ownWork !== undefined) return undefined;
  if (open.sawClaim(record)) {
    await slot.lend(() => lookLater(candidate, record, dependencies));
    return open.isAsSeen(id, record) ? undefined : OVERTAKEN;
  }
  const spread = leases.spread(uid);
  if (spread === 0) return undefined;
  await away.wait(spread, draining);
  return open.isAsSeen(id, record) ? changed(record, dependencies) : OVERTAKEN;
}

/** The number of times that a free lease is read before the account is read. */
const LOOKS = 10;

/**
 * Another service has claimed the account, and this one has seen it. Waits for the next reading of
 * its lease. Most work is done before that. If the lease is free then, the account is probably
 * finished, and the stream will report it.
 */
async function lookLater({ id }: Candidate, record: AccountRecord, { leases, open, draining }: TurnDependencies) {
  for (let looks = 0; looks < LOOKS && open.isAsSeen(id, record); looks += 1) {
    if (!(await leases.isSeenFree(record.uid, draining))) return;
  }
}

/**
 * Reads the account, and resolves to an answer if it is not as it was seen. A directory under load
 * may report the writes of other services seconds later.
 */
async function changed(
  record: AccountRecord,
  { directory, readStanding }: TurnDependencies,
): Promise<LeaseAnswer | undefined> {
  const entry = await readAgain(record, directory);
  const reading = entry === undefined ? undefined : readStanding(entry);
  const isAsSeen = reading?.kind === 'account' && fingerprintOf(reading.record) === fingerprintOf(record);
  return isAsSeen ? undefined : { got: 'lease', is: 'changed', entry };
}

/** Waits for a lease that may not be taken yet. */
async function answerTo(
  taken: Taken,
  record: AccountRecord,
  dependencies: TurnDependencies,
  slot: Slot,
): Promise<LeaseAnswer | typeof HELD> {
  if (taken.is === 'held') return HELD;
  const { leases, open, report, draining, accounts } = dependencies;
  const { uid } = record;
  const isNobodys = taken.lease.is === 'free' || taken.lease.is === 'missing';
  // The other service may have finished the account, and given the lease up, before this service
  // read it.
  const finished = isNobodys ? await changed(record, dependencies) : undefined;
  if (finished !== undefined) {
    leases.release(uid, { to: 'free' });
    return finished;
  }
  const reason = reasonOf(taken);
  report({ event: 'waiting', reason, ...refOf(record) });
  accounts.turns.waits(record, reason);
  if (!isNobodys) {
    await slot.lend(() => leases.untilTakeable(uid, draining));
    return WAITED;
  }
  if (open.learnt(record)) report(foreignClaimEvent(record));
  if (open.othersTimeLeft(record) > 0) {
    leases.release(uid, { to: 'free' });
    return WAITED;
  }
  await slot.lend(() => leases.untilHeld(uid, draining));
  return leases.isHeld(uid) ? HELD : WAITED;
}

const TWO_MASTERS =
  'another service writes to another server, on which leases do not hold; it is done when all use one server';

function reasonOf({ lease, duration }: Extract<Taken, { readonly is: 'foreign' }>): string {
  switch (lease.is) {
    case 'held':
      return `another service works on the uid: ${lease.holder} holds its lease`;
    case 'paused':
      return `another service has the uid in a pause before another attempt: ${lease.holder} holds its lease`;
    case 'unclear':
      return lease.reason;
    default:
      return `its lease is ${lease.is}, and does not say who works on it; it is taken in ${Math.ceil(duration / 1_000)} s`;
  }
}
