/**
 * What a running service knows about leases and about other services. Ages are by its own monotonic
 * clock: since it first saw a value, or since it sent its last successful renewal. The clocks of
 * different services are never compared.
 */
export interface LeasesStatus {
  /** The name of this service as the holder of leases. */
  readonly holder: string;
  /** The number of its leases, and the number of those that it keeps during a pause. */
  readonly held: number;
  readonly paused: number;
  /** The age of the lease that has not been renewed for longest; undefined if none is held. */
  readonly oldestRenewalMilliseconds?: number;
  /** The leases of this service and those of others that it waits for, each list up to a limit. */
  readonly own: readonly LeaseStatus[];
  readonly others: readonly LeaseStatus[];
  readonly services: readonly OtherService[];
}

export interface LeaseStatus {
  /** In lower case. */
  readonly uid: string;
  readonly holder: string;
  readonly is: 'held' | 'paused';
  /** Undefined for a pause of this service, which is not renewed. */
  readonly unchangedMilliseconds?: number;
}

/**
 * Another service. `present`: it renews its presence entry. `silent`: the entry has not changed for
 * the duration that it states. `absent`: there is no such entry, for example after a stop.
 */
export interface OtherService {
  readonly holder: string;
  readonly state: 'present' | 'silent' | 'absent';
  /** The age of its presence; undefined without one. */
  readonly unchangedMilliseconds?: number;
  /** The number of its leases that this service waits for. */
  readonly waitedFor: number;
}

export interface LeasesQuery {
  /** The most leases in a list. */
  readonly limit: number;
  /** Only the leases of this uid, in lower case, are listed. */
  readonly uid?: string | undefined;
}

/** Counts what happened to the leases of a service since its start. */
export interface LeaseTally {
  /** Leases taken, in any former state. */
  readonly taken: number;
  /** Leases taken that another service had held or paused. */
  readonly takenOver: number;
  readonly renewed: number;
  /** Writes that the directory refused, because the lease did not have the expected value. */
  readonly refused: number;
  /** Held or paused leases that another service has taken, or that were deleted. */
  readonly lost: number;
}

/** The leases of a service. It only reads. */
export interface LeasesView {
  tally(): LeaseTally;
  status(query: LeasesQuery): LeasesStatus;
}
