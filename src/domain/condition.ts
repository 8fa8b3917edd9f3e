import type { AccountCounts } from './status.ts';

/** Why an account is held. Times are in milliseconds since 1970. */
export type HoldReason =
  /** The day (`YYYYMMDD`) has not come yet. */
  | { readonly condition: 'deferred'; readonly until: string }
  /** It waits for a change of the entry, or for time to pass. */
  | { readonly condition: 'waiting'; readonly reason: string }
  /** Another attempt follows. `failedAt`: when the first one failed. */
  | {
      readonly condition: 'retrying';
      readonly attempt: number;
      readonly reason: string;
      readonly dueAt: number;
      readonly failedAt: number;
    }
  /**
   * Nothing follows until a new request. `failedAt` is undefined if it failed before this service
   * saw the account. `cause`: the last words of the script. `modifiedBy`: the DN that wrote the
   * request.
   */
  | {
      readonly condition: 'failed';
      readonly returnValue: number;
      readonly reason: string;
      readonly step?: string;
      readonly cause?: string;
      readonly modifiedBy?: string;
      readonly failedAt?: number;
    };

/** The progress of a turn. */
interface TurnProgress {
  readonly condition: 'inWork';
  readonly doing: 'claiming' | 'working' | 'writing';
  /** When the turn began. An attempt that is resumed is older. */
  readonly begunAt: number;
  readonly job?: string;
  readonly attempt: number;
  readonly resumed: boolean;
  /** The step that is running, and since when. */
  readonly step?: string;
  readonly stepSince?: number;
}

/** The condition of an account in the stream. */
export type Condition = {
  readonly uid: string;
  readonly dn: string;
  readonly mode: string;
  /**
   * When the account came into this condition, in milliseconds since 1970; undefined if that is not
   * known. The directory's stamp is used if the entry has one, so that a restart does not change
   * the time.
   */
  readonly since: number | undefined;
} & ({ readonly condition: 'queued' } | TurnProgress | HoldReason);

export type ConditionName = Condition['condition'];

/** The accounts that a stream holds. The view only reads. */
export interface AccountsView {
  /** The number of slots. */
  readonly slots: number;
  /** The number of slots that are taken. */
  readonly busy: number;
  /** Takes the same time for any number of accounts that are held or queued. */
  counts(): AccountCounts;
  /**
   * The condition of each account, in no particular order. There may be hundreds of thousands, so
   * the caller may pause. An account that changes its condition during a pause may be left out, or
   * be returned twice.
   */
  conditions(): Iterable<Condition>;
}

/** A view without any accounts. */
export const NO_ACCOUNTS: AccountsView = {
  slots: 0,
  busy: 0,
  counts: () => ({ open: 0, queued: 0, inWork: 0, retrying: 0, failed: 0, deferred: 0, waiting: 0 }),
  conditions: () => [],
};
