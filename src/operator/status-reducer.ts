import { defined } from '../domain/defined.ts';
import type { PublishedEvent } from '../domain/event.ts';
import type { ConnectionStatus } from '../domain/status.ts';
import { RecentAttempts } from './attempt-times.ts';
import { countRates, type RateCounter } from './rates.ts';

/**
 * What the events say about the connection and about past attempts. The state of the accounts comes
 * from the stream itself.
 */
export interface StatusState {
  connection: ConnectionStatus;
  readonly attempts: RecentAttempts;
  readonly rates: RateCounter;
}

/** `canary`: the DN of the canary, if there is one. */
export function initialStatus(canary?: string): StatusState {
  return { connection: { phase: 'starting' }, attempts: new RecentAttempts(canary), rates: countRates() };
}

/**
 * Updates the state after one event and returns it. The same events always give the same state.
 * Memory is constant.
 */
export function reduceStatus(state: StatusState, event: PublishedEvent): StatusState {
  state.connection = reduceConnection(state.connection, event);
  state.attempts.observe(event);
  state.rates.count(event);
  return state;
}

function reduceConnection(known: ConnectionStatus, event: PublishedEvent): ConnectionStatus {
  if ('dn' in event) return known;
  const { time } = event;
  const { reason: _, remedy: __, attempt: ___, ...rest } = known;
  const ending = known.phase === 'draining' || known.phase === 'stopped';
  /** A draining service keeps its phase until it has stopped, even if its connection changes. */
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
      const why = { url: event.url, reason: event.reason, ...defined({ remedy }) };
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

/**
 * Whether the service is subscribed, has a complete list of the open accounts, and is not stopping.
 */
export function isReady(state: StatusState): boolean {
  return state.connection.phase === 'live';
}
