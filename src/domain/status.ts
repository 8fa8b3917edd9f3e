import type { ProtocolName } from './change.ts';
import type { LeasesStatus } from './lease-status.ts';
import type { Mode } from './mode.ts';
import type { NotifyStatus } from './notify.ts';
import type { Pause } from './pause.ts';

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
  /**
   * When the account came into this condition, by the directory's stamp where it has one; undefined
   * if that is not known.
   */
  readonly since?: string;
}

export interface InWorkStatus extends AccountStatus {
  readonly job?: string;
  readonly doing: 'claiming' | 'working' | 'writing';
  readonly attempt: number;
  readonly resumed: boolean;
  /** When this attempt began. One that was resumed is older. */
  readonly begunAt: string;
  /** The step that is running, and since when. */
  readonly step?: string;
  readonly stepSince?: string;
  /** It takes longer than its limit, or ten times as long as usual. */
  readonly stuck: boolean;
}

export interface FailedStatus extends AccountStatus {
  readonly returnValue: number;
  readonly step?: string;
  readonly reason: string;
  /** The script's last words. */
  readonly cause?: string;
  /** The DN that wrote the request, if this service claimed it. */
  readonly modifiedBy?: string;
}

/** Failures with the same return code, step and last words. */
export interface FailureGroup {
  readonly returnValue: number;
  readonly step?: string;
  readonly cause?: string;
  readonly count: number;
  /** When the first and the last of them failed. */
  readonly first?: string;
  readonly last?: string;
  /** Some of them. */
  readonly uids: readonly string[];
}

/** How long the last successful attempts took, in milliseconds. */
export interface AttemptTimes {
  readonly mode: Mode;
  readonly attempts: number;
  readonly p50: number;
  readonly p95: number;
}

interface DeferredStatus extends AccountStatus {
  readonly until: string;
}

interface WaitingStatus extends AccountStatus {
  readonly reason: string;
}

/** `since`: when the first attempt failed. */
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

/** The state of the journal of a service. */
export interface JournalHealth {
  readonly directory: string;
  /** The number of events that could not be written since the start of the service. */
  readonly lostEvents: number;
  /** Why it cannot be written, until it can again. */
  readonly failure?: string;
}

/** A pause of the service, and since when. */
export type PauseStatus = Omit<Pause, 'since'> & { readonly since: string };
/**
 * The canary: the account that the service requests periodically in order to prove that requests
 * are handled.
 */
export interface CanaryStatus {
  readonly dn: string;
  /** True if there was no answer for two intervals, apart from pauses. */
  readonly late: boolean;
  /** When it was finished last. */
  readonly answeredAt?: string;
  /** The time from the last request of this service to its finished state. */
  readonly milliseconds?: number;
  /** Why it cannot be requested. */
  readonly failure?: string;
}

/** A place to which a service writes. */
export interface OutletHealth {
  readonly outlet: 'log file' | 'syslog' | 'journal';
  /** Its path or address. */
  readonly where: string;
  /** The number of lines that were lost since the start of the service. */
  readonly lost: number;
  /** Why it cannot be written, until it can again. */
  readonly failure?: string;
  /** The bytes that are free on its file system. */
  readonly freeBytes?: number;
}

/** A file system with fewer free bytes is regarded as nearly full. */
export const FEW_FREE_BYTES = 100 * 2 ** 20;

/** The number of events within the last `minutes`. */
export interface Rate {
  readonly minutes: number;
  readonly received: number;
  readonly claimed: number;
  readonly finished: number;
  readonly failed: number;
}

/**
 * The state of the service at one moment. Its lists of accounts have a limit; everything else is
 * complete.
 */
export interface ServiceSnapshot {
  readonly time: string;
  readonly startedAt: string;
  readonly version: string;
  /** True if the service is connected and refreshed, and is not stopping. */
  readonly ready: boolean;
  readonly connection: ConnectionStatus;
  /**
   * Why no new work is begun, or no deletes: the oldest reason first; empty if the service works.
   */
  readonly pauses: readonly PauseStatus[];
  readonly counts: AccountCounts;
  /** The number of accounts that can be in work at once. */
  readonly slots: number;
  /** Slots that are taken. */
  readonly busy: number;
  /** The number of accounts in work that are stuck. */
  readonly stuck: number;
  /** For each condition: since when the account that has been in it longest is in it. */
  readonly oldest: Readonly<Partial<Record<Exclude<keyof AccountCounts, 'open'>, string>>>;
  readonly attempts: readonly AttemptTimes[];
  readonly failures: readonly FailureGroup[];
  readonly queued: readonly AccountStatus[];
  readonly inWork: readonly InWorkStatus[];
  readonly failed: readonly FailedStatus[];
  readonly retrying: readonly RetryingStatus[];
  readonly deferred: readonly DeferredStatus[];
  readonly waiting: readonly WaitingStatus[];
  readonly rates: readonly Rate[];
  /** Undefined with `instances: one`. */
  readonly leases?: LeasesStatus;
  /** Undefined if no notifications are configured. */
  readonly notify?: NotifyStatus;
  readonly outlets: readonly OutletHealth[];
  /** Undefined if there is no canary. */
  readonly canary?: CanaryStatus;
}
