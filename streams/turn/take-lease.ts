import type { AccountRecord } from '../../src/domain/account.ts';
import { isInWork } from '../../src/domain/decide.ts';
import { type Candidate, refOf } from '../candidate.ts';
import type { Taken } from '../leases/leases.ts';
import type { Slot } from '../slots.ts';
import type { Surroundings } from '../surroundings.ts';
import type { LeaseAnswer } from './claim-state.ts';
import { foreignClaimEvent } from './turn-events.ts';

/**
 * Takes the lease of the uid. The answer is `held` if this service has it, and the account is as it
 * was seen. Otherwise the account may have changed, as something had to be waited for: another
 * service had the lease, or has claimed the account without one. The slot is lent meanwhile.
 */
export async function takeLease(
  candidate: Candidate,
  record: AccountRecord,
  job: string,
  surroundings: Surroundings,
  slot: Slot,
): Promise<LeaseAnswer> {
  const { leases, draining, accounts } = surroundings;
  const { uid } = record;
  const inWork = isInOthersWork(candidate, record, surroundings);
  const isHeld =
    isHeldFor(uid, inWork, surroundings) ||
    ((await mayBegin(candidate, record, surroundings, slot)) &&
      (await isTaken(await leases.take(uid, { job, inWork }, draining), record, surroundings, slot)));
  accounts.turns.waits(record, undefined);
  return isHeld ? { got: 'lease', held: true, attempt: leases.attempt(uid) } : WAITED;
}

const WAITED: LeaseAnswer = { got: 'lease', held: false, attempt: 1 };

/** Whether the account is in work, and not by a claim of this service. */
function isInOthersWork({ ownWork }: Candidate, record: AccountRecord, { open: { versions } }: Surroundings): boolean {
  if (ownWork !== undefined || versions.isOwn(record) || versions.mayBeOwn(record)) return false;
  return isInWork(record);
}

/**
 * Whether the lease is held. A lease that was taken for a request says nothing about work that was
 * begun without it: it is given up, to be taken for that.
 */
function isHeldFor(uid: string, inWork: boolean, { leases }: Surroundings): boolean {
  if (!leases.isHeld(uid)) return false;
  if (!inWork || leases.mayResume(uid)) return true;
  leases.release(uid, { to: 'free' });
  return false;
}

/**
 * Waits for the turn of this service among all. Resolves to false if the account may have changed.
 */
async function mayBegin(
  { id, ownWork }: Candidate,
  record: AccountRecord,
  { leases, open, report, away, draining, accounts }: Surroundings,
  slot: Slot,
): Promise<boolean> {
  if (!leases.mayTake) {
    report({ event: 'waiting', reason: TWO_MASTERS, ...refOf(record) });
    accounts.turns.waits(record, TWO_MASTERS);
    await slot.lend(() => leases.untilMayTake(draining));
    return false;
  }
  const spread = ownWork === undefined ? leases.spread(record.uid) : 0;
  if (spread === 0) return true;
  await away.wait(spread, draining);
  return open.isAsSeen(id, record);
}

/** Waits for a lease that may not be taken yet. Resolves to whether it is held. */
async function isTaken(
  taken: Taken,
  record: AccountRecord,
  { leases, open, report, draining, accounts }: Surroundings,
  slot: Slot,
): Promise<boolean> {
  if (taken.is === 'held') return true;
  const { uid } = record;
  const reason = reasonOf(taken);
  report({ event: 'waiting', reason, ...refOf(record) });
  accounts.turns.waits(record, reason);
  if (taken.lease.is !== 'free' && taken.lease.is !== 'missing') {
    await slot.lend(() => leases.untilTakeable(uid, draining));
    return false;
  }
  if (open.learnt(record)) report(foreignClaimEvent(record));
  if (open.othersTimeLeft(record) > 0) {
    leases.release(uid, { to: 'free' });
    return false;
  }
  await slot.lend(() => leases.untilHeld(uid, draining));
  return leases.isHeld(uid);
}

const TWO_MASTERS =
  'another service writes to another server, on which leases do not hold; it is done when all use one server';

function reasonOf({ lease, duration }: Extract<Taken, { readonly is: 'foreign' }>): string {
  switch (lease.is) {
    case 'held':
      return `another service works on the uid: ${lease.holder} has its lease`;
    case 'paused':
      return `another service has the uid in a pause before another attempt: ${lease.holder} has its lease`;
    case 'unclear':
      return lease.reason;
    default:
      return `its lease is ${lease.is}, and does not say who works on it; it is taken in ${Math.ceil(duration / 1_000)} s`;
  }
}
