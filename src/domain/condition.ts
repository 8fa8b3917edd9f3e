import type { AccountCounts } from './status.ts';

/** Why an account is held. Times are in milliseconds since 1970. */
export type HoldReason =
  /** Its day has not come, `YYYYMMDD`. */
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
   * Nothing follows until it is asked for again. `failedAt` is undefined if it failed before it
   * came into sight. `cause`: the script's last words. `modifiedBy`: the DN that wrote the request.
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

/** What is done in a turn, and since when. */
interface TurnProgress {
  readonly condition: 'inWork';
  readonly doing: 'claiming' | 'working' | 'writing';
  /** When the turn began. An attempt that is resumed is older. */
  readonly begunAt: number;
  readonly job?: string;
  readonly attempt: number;
  readonly resumed: boolean;
  /** The step that runs, and since when. */
  readonly step?: string;
  readonly stepSince?: number;
}

/** The condition of an account in the stream. */
export type Condition = {
  readonly uid: string;
  readonly dn: string;
  readonly mode: string;
  /**
   * When it came into this condition, by the directory's stamp where the entry shows it, so that a
   * restart does not change it. In milliseconds since 1970; undefined if that is not known.
   */
  readonly since: number | undefined;
} & ({ readonly condition: 'queued' } | TurnProgress | HoldReason);

export type ConditionName = Condition['condition'];

/** The accounts that a stream holds, as it knows them. It only reads. */
export interface AccountsView {
  /** The number of slots. */
  readonly slots: number;
  /** The number of slots that are taken. */
  readonly busy: number;
  /** Takes the same time for any number of accounts that are held or queued. */
  counts(): AccountCounts;
  /**
   * The condition of each account, in no particular order. There may be hundreds of thousands, so
   * the caller may pause: an account that moves meanwhile may be left out, or come twice.
   */
  conditions(): Iterable<Condition>;
}

/** No accounts at all. */
export const NO_ACCOUNTS: AccountsView = {
  slots: 0,
  busy: 0,
  counts: () => ({ open: 0, queued: 0, inWork: 0, retrying: 0, failed: 0, deferred: 0, waiting: 0 }),
  conditions: () => [],
};
