import type { AccountsView, Condition, ConditionName } from '../domain/condition.ts';
import { type Mode, readMode } from '../domain/mode.ts';
import { FailureGroups } from './failure-groups.ts';
import { LongestFirst } from './longest-first.ts';

export interface SurveyOptions {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The longest list of accounts. */
  readonly limit: number;
  /** The longest time that a handler may take, in milliseconds. */
  readonly limitMilliseconds: number;
  /** The usual time of an attempt, in milliseconds; undefined if it is not known. */
  readonly median: (mode: Mode) => number | undefined;
  /** Only the accounts with this uid are listed. */
  readonly uid?: string | undefined;
}

/**
 * The fewest accounts that one slice examines. A slice takes two or three milliseconds. All other
 * work can run between two slices. During a refresh, that takes about as long as a slice.
 */
const FEWEST_PER_SLICE = 4000;
/** The most slices of a survey. It limits how long the survey waits for other work. */
const MOST_SLICES = 16;

/** An attempt is stuck if it takes longer than this many times the usual time. */
const TIMES_THE_MEDIAN = 10;
/** No attempt is stuck before this number of milliseconds. */
const SOONEST_STUCK = 10_000;

export type Of<C extends ConditionName> = Extract<Condition, { readonly condition: C }>;
type Lists = { readonly [C in ConditionName]: LongestFirst<Of<C>> };

/** The conditions of all accounts at one moment. Each account is examined once. */
export class Survey {
  readonly lists: Lists;
  readonly failures = new FailureGroups();
  /** Since when the account that has been longest in each condition has been in it. */
  readonly oldest: Partial<Record<ConditionName, number>> = {};
  stuck = 0;
  readonly #options: SurveyOptions;

  constructor(options: SurveyOptions) {
    const { limit } = options;
    this.#options = options;
    this.lists = {
      queued: new LongestFirst(limit),
      inWork: new LongestFirst(limit),
      retrying: new LongestFirst(limit),
      failed: new LongestFirst(limit),
      deferred: new LongestFirst(limit),
      waiting: new LongestFirst(limit),
    };
  }

  isStuck(condition: Of<'inWork'>): boolean {
    const { now, limitMilliseconds, median } = this.#options;
    const mode = readMode(condition.mode)?.mode;
    const usual = mode === undefined ? undefined : median(mode);
    const longest = usual === undefined ? limitMilliseconds : Math.max(SOONEST_STUCK, TIMES_THE_MEDIAN * usual);
    return now - condition.begunAt > Math.min(longest, limitMilliseconds);
  }

  add(condition: Condition): void {
    const { uid, since } = condition;
    const oldest = this.oldest[condition.condition];
    if (since !== undefined && (oldest === undefined || since < oldest)) this.oldest[condition.condition] = since;
    if (condition.condition === 'failed') this.failures.add(condition);
    if (condition.condition === 'inWork' && this.isStuck(condition)) this.stuck += 1;
    const wanted = this.#options.uid;
    if (wanted === undefined || uid.toLowerCase() === wanted) (this.lists[condition.condition] as List).add(condition);
  }
}

type List = LongestFirst<Condition>;

/** Examines all accounts in slices. Each step of the iteration takes a few milliseconds. */
export function* survey(accounts: AccountsView, options: SurveyOptions): Generator<undefined, Survey> {
  const found = new Survey(options);
  const perSlice = Math.max(FEWEST_PER_SLICE, Math.ceil(accounts.counts().open / MOST_SLICES));
  let looked = 0;
  for (const condition of accounts.conditions()) {
    found.add(condition);
    looked += 1;
    if (looked % perSlice === 0) yield undefined;
  }
  return found;
}
