import type { LeaseStatus, LeasesQuery, LeasesStatus, OtherService } from '../../src/domain/lease-status.ts';
import { renewedAt } from './hold-lease.ts';
import type { LeaseContext, LeaseState } from './lease-state.ts';
import { NO_PRESENCES, type Presences } from './presences.ts';

export interface LeaseSurveyContext extends Pick<LeaseContext, 'now' | 'holder' | 'killGrace'> {
  readonly presences: Presences | undefined;
}

/**
 * Returns what a service knows of the leases that it has or waits for, and of the other services.
 * Pure.
 */
export function surveyLeases(
  leases: Iterable<readonly [lane: string, LeaseState]>,
  context: LeaseSurveyContext,
  { limit, uid }: LeasesQuery,
): LeasesStatus {
  const own: LeaseStatus[] = [];
  const others: LeaseStatus[] = [];
  for (const [lane, state] of leases) {
    const lease = ownLease(lane, state, context);
    if (lease !== undefined) own.push(lease);
    const other = otherLease(lane, state, context);
    if (other !== undefined) others.push(other);
  }
  const held = own.filter(({ is }) => is === 'held').map(({ unchangedMilliseconds = 0 }) => unchangedMilliseconds);
  const oldest = held.reduce((longest, one) => Math.max(longest, one), 0);
  const listed = (list: readonly LeaseStatus[]) =>
    list
      .filter((lease) => uid === undefined || lease.uid === uid)
      .sort((one, two) => ageOf(two) - ageOf(one))
      .slice(0, limit);
  return {
    holder: context.holder,
    held: held.length,
    paused: own.length - held.length,
    ...(held.length === 0 ? {} : { oldestRenewalMilliseconds: oldest }),
    own: listed(own),
    others: listed(others),
    services: otherServices(others, context),
  };
}

const ageOf = ({ unchangedMilliseconds = 0 }: LeaseStatus): number => unchangedMilliseconds;

function ownLease(uid: string, state: LeaseState, context: LeaseSurveyContext): LeaseStatus | undefined {
  const { holder, now } = context;
  if (state.at === 'paused') return { uid, holder, is: 'paused' };
  if (state.at !== 'held') return undefined;
  // A lease whose pause ends counts as held from its first renewal on.
  if (state.lease.is === 'paused') return { uid, holder, is: 'paused' };
  return { uid, holder, is: 'held', unchangedMilliseconds: since(renewedAt(state, context), now) };
}

function otherLease(uid: string, state: LeaseState, { holder, now }: LeaseSurveyContext): LeaseStatus | undefined {
  const seen = 'seen' in state ? state.seen : undefined;
  if (seen === undefined) return undefined;
  const { lease } = seen;
  if ((lease.is !== 'held' && lease.is !== 'paused') || lease.holder === holder) return undefined;
  return { uid, holder: lease.holder, is: lease.is, unchangedMilliseconds: since(seen.since, now) };
}

/**
 * The other services, by holder: those with a presence, and those for whose leases this service
 * waits.
 */
function otherServices(
  others: readonly LeaseStatus[],
  { holder: own, now, presences = NO_PRESENCES }: LeaseSurveyContext,
): OtherService[] {
  const waited = new Map<string, number>();
  for (const { holder } of others) waited.set(holder, (waited.get(holder) ?? 0) + 1);
  const holders = new Set([...presences.byHolder.keys(), ...waited.keys()]);
  holders.delete(own);
  return [...holders].sort().map((holder) => {
    const watched = presences.byHolder.get(holder);
    const waitedFor = waited.get(holder) ?? 0;
    if (watched === undefined) return { holder, state: 'absent', waitedFor };
    const state = watched.living ? 'present' : 'silent';
    return { holder, state, unchangedMilliseconds: since(watched.since, now), waitedFor };
  });
}

function since(time: number, now: number): number {
  return Math.max(0, Math.round(now - time));
}
