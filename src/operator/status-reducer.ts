import type { PublishedEvent } from '../domain/event.ts';
import type { AccountCounts, ConnectionStatus, ServiceSnapshot } from '../domain/status.ts';
import {
  applyEvent,
  type Condition,
  type Conditions,
  currentStep,
  noConditions,
  type StepNames,
} from './account-conditions.ts';
import { countRates, type RateCounter } from './rates.ts';

/** What the events so far say of the service: the accumulator of `reduceStatus`. */
export interface StatusState {
  connection: ConnectionStatus;
  readonly accounts: Conditions;
  readonly rates: RateCounter;
}

export function initialStatus(): StatusState {
  return { connection: { phase: 'starting' }, accounts: noConditions(), rates: countRates() };
}

/**
 * Takes one event into the state and returns it. Deterministic: the same events give the same state, whatever the clock says.
 * Memory is bounded by the accounts that are open.
 */
export function reduceStatus(state: StatusState, event: PublishedEvent): StatusState {
  state.connection = reduceConnection(state.connection, event);
  applyEvent(state.accounts, event);
  state.rates.count(event.event, Date.parse(event.time));
  return state;
}

function reduceConnection(known: ConnectionStatus, event: PublishedEvent): ConnectionStatus {
  const { time } = event;
  const { reason: _, remedy: __, attempt: ___, ...rest } = known;
  const ending = known.phase === 'draining' || known.phase === 'stopped';
  /** Told to stop, a service says so until it has; what its connection does meanwhile does not make it ready again. */
  const enter = (phase: ConnectionStatus['phase']) =>
    ending || known.phase === phase ? { phase: known.phase, since: known.since ?? time } : { phase, since: time };

  switch (event.event) {
    case 'connected':
      return { ...rest, ...enter('refreshing'), url: event.url, protocol: event.protocol, server: event.server };
    case 'refreshing':
      return { ...rest, ...enter('refreshing') };
    case 'refreshed':
      return {
        ...rest,
        ...enter('live'),
        refreshedAt: time,
        refreshedEntries: event.entries,
        refreshMilliseconds: event.milliseconds,
      };
    case 'disconnected': {
      const { remedy } = event;
      const why = { url: event.url, reason: event.reason, ...(remedy === undefined ? {} : { remedy }) };
      return { ...rest, ...enter('reconnecting'), ...why };
    }
    case 'reconnecting':
      return { ...known, ...enter('reconnecting'), url: event.url, attempt: event.attempt };
    case 'draining':
      return { ...rest, phase: 'draining', since: time };
    case 'stopped':
      return { ...rest, phase: 'stopped', since: time };
    default:
      return known;
  }
}

export interface SnapshotContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly startedAt: string;
  readonly version: string;
  readonly steps?: StepNames | undefined;
  /** Longest list of accounts. */
  readonly limit: number;
}

/** Whether the service is subscribed, has a complete list of the open accounts, and is not about to stop. */
export function isReady(state: StatusState): boolean {
  return state.connection.phase === 'live';
}

export function countAccounts({ accounts }: StatusState): AccountCounts {
  const counts = { open: accounts.byUid.size, queued: 0, inWork: 0, retrying: 0, failed: 0, deferred: 0, waiting: 0 };
  for (const { pending, work } of accounts.byUid.values()) {
    if (pending !== undefined) counts[pending.kind] += 1;
    if (work !== undefined) counts[work.kind] += 1;
  }
  return counts;
}

/** What `/status` shows: of each condition the accounts that have been in it longest, at most `limit`. */
export function snapshotOf(state: StatusState, context: SnapshotContext): ServiceSnapshot {
  const { now, limit, steps } = context;
  const all = [...state.accounts.byUid.values()];
  const list = <T extends { since: string }>(pick: (condition: Condition) => T | undefined): T[] =>
    all
      .flatMap((condition) => pick(condition) ?? [])
      .sort((a, b) => (a.since < b.since ? -1 : a.since > b.since ? 1 : 0))
      .slice(0, limit);

  return {
    time: new Date(now).toISOString(),
    startedAt: context.startedAt,
    version: context.version,
    ready: isReady(state),
    connection: state.connection,
    counts: countAccounts(state),
    ...oldestQueued(all),
    inWork: list(({ uid, dn, work }) => {
      if (work?.kind !== 'inWork') return undefined;
      const step = currentStep(work, steps);
      return { uid, dn, ...withoutKind(work), ...(step === undefined ? {} : { step }) };
    }),
    failed: list(({ uid, dn, work }) => (work?.kind === 'failed' ? { uid, dn, ...withoutKind(work) } : undefined)),
    retrying: list(({ uid, dn, work }) => (work?.kind === 'retrying' ? { uid, dn, ...withoutKind(work) } : undefined)),
    deferred: list(({ uid, dn, pending }) =>
      pending?.kind === 'deferred' ? { uid, dn, ...withoutKind(pending) } : undefined,
    ),
    waiting: list(({ uid, dn, pending }) =>
      pending?.kind === 'waiting' ? { uid, dn, ...withoutKind(pending) } : undefined,
    ),
    rates: state.rates.rates(now),
  };
}

function oldestQueued(conditions: readonly Condition[]): { queuedSince?: string } {
  let oldest: string | undefined;
  for (const { pending } of conditions) {
    if (pending?.kind === 'queued' && (oldest === undefined || pending.since < oldest)) oldest = pending.since;
  }
  return oldest === undefined ? {} : { queuedSince: oldest };
}

function withoutKind<T extends { kind: string }>({ kind: _, ...rest }: T): Omit<T, 'kind'> {
  return rest;
}
