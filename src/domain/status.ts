import type { ProtocolName } from './change.ts';

/**
 * The state of the service's connection to the directory:
 * - `starting`: no event yet;
 * - `refreshing`: connected, receiving the open accounts;
 * - `live`: subscribed and refreshed;
 * - `reconnecting`: not connected, another attempt is due;
 * - `draining`: stopping, scripts are still running;
 * - `stopped`: after the last event.
 */
export type ServicePhase = 'starting' | 'refreshing' | 'live' | 'reconnecting' | 'draining' | 'stopped';

/** Times are RFC 3339 in UTC, as in events. */
export interface ConnectionStatus {
  readonly phase: ServicePhase;
  /** When this phase began; undefined before the first event. */
  readonly since?: string;
  readonly url?: string;
  readonly protocol?: ProtocolName;
  readonly server?: string;
  /** When the last refresh was complete, how many accounts it had, and how long it took. */
  readonly refreshedAt?: string;
  readonly refreshedEntries?: number;
  readonly refreshMilliseconds?: number;
  /** Why the connection ended, until it is restored. */
  readonly reason?: string;
  readonly remedy?: string;
  /** The number of the next connection attempt, while there is no connection. */
  readonly attempt?: number;
}

interface AccountStatus {
  readonly uid: string;
  readonly dn: string;
  readonly mode: string;
  /** When the account came into this condition. */
  readonly since: string;
}

export interface InWorkStatus extends AccountStatus {
  readonly job?: string;
  readonly resumed: boolean;
  /** The step that is running; undefined if the handlers' steps are not known. */
  readonly step?: string;
  /** The step that ended last, and when. */
  readonly lastStep?: string;
  readonly lastStepAt?: string;
}

export interface FailedStatus extends AccountStatus {
  readonly returnValue: number;
  readonly step?: string;
  readonly reason: string;
}

export interface DeferredStatus extends AccountStatus {
  readonly until: string;
}

export interface WaitingStatus extends AccountStatus {
  readonly reason: string;
}

export interface RetryingStatus extends AccountStatus {
  readonly attempt: number;
  readonly reason: string;
  /** When the next attempt is due. */
  readonly dueAt: string;
}

/**
 * The number of accounts in each condition. An account in work with a newer request is in both
 * `inWork` and `queued`, but is counted once in `open`.
 */
export interface AccountCounts {
  readonly open: number;
  readonly queued: number;
  readonly inWork: number;
  readonly retrying: number;
  readonly failed: number;
  readonly deferred: number;
  readonly waiting: number;
}

/** How the journal of a service does. */
export interface JournalHealth {
  readonly directory: string;
  /** The number of events that could not be written since the start of the service. */
  readonly lostEvents: number;
  /** Why it cannot be written, until it can again. */
  readonly failure?: string;
}

/** The number of events within the last `minutes`. */
export interface Rate {
  readonly minutes: number;
  readonly received: number;
  readonly claimed: number;
  readonly finished: number;
  readonly failed: number;
}

/**
 * The state of the service at one moment, derived from its events. The lists have a limit; `counts`
 * are complete.
 */
export interface ServiceSnapshot {
  readonly time: string;
  readonly startedAt: string;
  readonly version: string;
  /** True if the service is connected and refreshed, and is not stopping. */
  readonly ready: boolean;
  readonly connection: ConnectionStatus;
  readonly counts: AccountCounts;
  /** Since when the longest-queued account has been waiting. */
  readonly queuedSince?: string;
  readonly inWork: readonly InWorkStatus[];
  readonly failed: readonly FailedStatus[];
  readonly retrying: readonly RetryingStatus[];
  readonly deferred: readonly DeferredStatus[];
  readonly waiting: readonly WaitingStatus[];
  readonly rates: readonly Rate[];
  /** Undefined if the service keeps no journal. */
  readonly journal?: JournalHealth;
}
