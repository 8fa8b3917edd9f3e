import type { AccountRecord } from './account.ts';
import type { DirectoryEntry } from './entry.ts';
import type { Report } from './event.ts';
import type { Mode } from './mode.ts';

/** One attempt at one account: what a handler gets to work with. */
export interface Job {
  /** Ties the events of one attempt together. */
  readonly id: string;
  readonly mode: Mode;
  /** The account and the whole entry as they stood at or after the claim. */
  readonly record: AccountRecord;
  readonly entry: DirectoryEntry;
  /** 1 for the first attempt of a request. */
  readonly attempt: number;
  /** True when an interrupted attempt is taken up again: the script may have run before. */
  readonly resumed: boolean;
  /** How often in a row an attempt at this request was lost: its script then runs with no other beside it. */
  readonly lost: number;
}

export interface StepContext {
  readonly report: Report;
  /** Aborted when what runs must end at once. */
  readonly signal: AbortSignal;
}

/** How one step ended. A failure's `reason` says what to do about it. */
export type StepOutcome =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly returnValue: number;
      readonly reason: string;
      readonly retry: Retry;
    };

/**
 * Why a failed attempt may be repeated.
 * - `temporary`: the script asks for it (EX_TEMPFAIL).
 * - `script`: the site's script failed.
 * - `lost`: what ran the script died. What the script did is unknown.
 * - `shortage`: the host lacks files or processes. Nothing was done.
 * - `permanent`: the failure stands.
 */
export type Retry = 'temporary' | 'script' | 'lost' | 'shortage' | 'permanent';

export interface StepTiming {
  readonly name: string;
  readonly milliseconds: number;
}

export type HandlerOutcome =
  | { readonly ok: true; readonly timings: readonly StepTiming[] }
  | {
      readonly ok: false;
      readonly timings: readonly StepTiming[];
      readonly step: string;
      readonly returnValue: number;
      readonly reason: string;
      readonly retry: Retry;
      /** True when the service was told to stop at once: nothing is written back, the account is resumed later. */
      readonly aborted: boolean;
    };

/** Runs all steps of the handler for the job's mode; never rejects. */
export type RunHandler = (job: Job, context: StepContext) => Promise<HandlerOutcome>;
