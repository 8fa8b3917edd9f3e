import type { AccountRecord } from './account.ts';
import type { DirectoryEntry } from './entry.ts';
import type { Ending, Report } from './event.ts';
import type { Mode } from './mode.ts';

/** One attempt at one account, as a handler receives it. */
export interface Job {
  /** The same in all events of the attempt. */
  readonly id: string;
  readonly mode: Mode;
  /** The account and its whole entry, read at or after the claim. */
  readonly record: AccountRecord;
  readonly entry: DirectoryEntry;
  /** 1 for the first attempt at a request. */
  readonly attempt: number;
  /** True if an interrupted attempt is resumed: the script may have run before. */
  readonly resumed: boolean;
  /** How many attempts at this request were lost in a row. If any, the script runs alone. */
  readonly lost: number;
}

/** What a handler runs with. */
export interface HandlerContext extends StepContext {
  /** Called when a step begins, with its name. */
  readonly begun: (step: string) => void;
}

export interface StepContext {
  readonly report: Report;
  /**
   * Aborted when running steps must end at once. Then the service stops, or the reason is
   * `Cancelled`.
   */
  readonly signal: AbortSignal;
  /** The lease under which the attempt runs; undefined if there is only one service. */
  readonly lease?: JobLease | undefined;
}

/**
 * The reason of an aborted signal if an operator has cancelled the handler. The attempt has failed.
 */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';

  /** `who`: the operator, if that is known. */
  constructor(who: string | undefined) {
    super(`cancelled by ${who ?? 'an operator'}`);
  }
}

/** The lease of an attempt, as its processes need it. */
export interface JobLease {
  /**
   * Returns the time in milliseconds until the lease lapses: another service may then take the
   * account over, and no process of the attempt may run any more. The service tells processes to
   * end earlier, by the signal.
   */
  remaining(): number;
  /** Calls `listener` at each renewal. Returns a function that ends that. */
  onRenewed(listener: () => void): () => void;
}

/** The result of one step. The `reason` of a failure says what to do about it. */
export type StepOutcome =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly returnValue: number;
      readonly reason: string;
      readonly retry: Retry;
      /** How a program ended that did not end by itself. */
      readonly ending?: Ending;
      /** The last words of the program that failed, if it wrote any. */
      readonly cause?: string;
    };

/**
 * Why a failed attempt may be repeated.
 * - `temporary`: the script asked for another attempt (EX_TEMPFAIL).
 * - `script`: the site's script failed.
 * - `lost`: the process that ran the script died. What the script did is unknown.
 * - `shortage`: the host lacks files or processes. Nothing was done.
 * - `permanent`: the failure is final.
 */
export type Retry = (typeof RETRIES)[number];

const RETRIES = ['temporary', 'script', 'lost', 'shortage', 'permanent'] as const;

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
      readonly cause?: string;
      readonly retry: Retry;
      /**
       * True if the service was told to stop at once. Nothing is written back; the account is
       * resumed later.
       */
      readonly aborted: boolean;
    };

/** Runs all steps of the handler for the job's mode. Never rejects. */
export type RunHandler = (job: Job, context: HandlerContext) => Promise<HandlerOutcome>;
