import type { ProtocolName } from './change.ts';

/**
 * Where the service stands with its directory.
 * `starting`: nothing heard yet · `refreshing`: connected, the list of open accounts is coming · `live`: subscribed and
 * refreshed · `reconnecting`: no connection, another attempt is due · `draining`: told to stop, scripts still run ·
 * `stopped`: its last event was seen.
 */
export type ServicePhase = 'starting' | 'refreshing' | 'live' | 'reconnecting' | 'draining' | 'stopped';

/** Times are RFC 3339 in UTC, as in the events. */
export interface ConnectionStatus {
  readonly phase: ServicePhase;
  /** When this phase began; undefined before the first event. */
  readonly since?: string;
  readonly url?: string;
  readonly protocol?: ProtocolName;
  readonly server?: string;
  /** When the last complete list of the open accounts was received, and what it held. */
  readonly refreshedAt?: string;
  readonly refreshedEntries?: number;
  readonly refreshMilliseconds?: number;
  /** Of the last disconnection, while it lasts. */
  readonly reason?: string;
  readonly remedy?: string;
  /** Connection attempt that is due next, while there is none. */
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
  /** The step that runs now, where the handlers' steps are known; otherwise undefined. */
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
 * How many accounts are in each condition. `open` counts accounts: one at work with a newer request queued behind it is in
 * both numbers, and once in `open`.
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

/** What happened within the last `minutes`. */
export interface Rate {
  readonly minutes: number;
  readonly received: number;
  readonly claimed: number;
  readonly finished: number;
  readonly failed: number;
}

/** What the event stream says of the service at one moment; the lists are cut at a limit, `counts` never. */
export interface ServiceSnapshot {
  readonly time: string;
  readonly startedAt: string;
  readonly version: string;
  /** Connected, refreshed, and not about to stop. */
  readonly ready: boolean;
  readonly connection: ConnectionStatus;
  readonly counts: AccountCounts;
  /** Since when the account waits that has been queued longest. */
  readonly queuedSince?: string;
  readonly inWork: readonly InWorkStatus[];
  readonly failed: readonly FailedStatus[];
  readonly retrying: readonly RetryingStatus[];
  readonly deferred: readonly DeferredStatus[];
  readonly waiting: readonly WaitingStatus[];
  readonly rates: readonly Rate[];
}
