/**
 * What a service that runs knows of leases and of the other services. Its ages are by its own
 * monotonic clock, since it has seen a value first, or since it sent the last renewal that was
 * carried out. No clock is compared with another one.
 */
export interface LeasesStatus {
  /** Who this service is as the holder of leases. */
  readonly holder: string;
  /** The number of its leases, and of those that it keeps over a pause. */
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
  /** Undefined for an own pause, which is not renewed. */
  readonly unchangedMilliseconds?: number;
}

/**
 * Another service: `present` while it renews its presence entry; `silent` when that has not changed
 * for as long as it says; `absent` without such an entry, as after a stop.
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

/** How often each has happened to the leases of a service since its start. */
export interface LeaseTally {
  /** Taken, by whatever they were before. */
  readonly taken: number;
  /** Of these, those that another service had held or paused. */
  readonly takenOver: number;
  readonly renewed: number;
  /** Writes that the directory refused, as the lease was not what it was thought to be. */
  readonly refused: number;
  /** Held or paused leases that turned out to be another's, or deleted. */
  readonly lost: number;
}

/** The leases of a service. It only reads. */
export interface LeasesView {
  tally(): LeaseTally;
  status(query: LeasesQuery): LeasesStatus;
}
