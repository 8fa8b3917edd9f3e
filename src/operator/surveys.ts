import { setImmediate as turn } from 'node:timers/promises';
import type { AccountsView } from '../domain/condition.ts';
import type { Mode } from '../domain/mode.ts';
import { type Survey, survey } from './survey.ts';

export interface SurveysOptions {
  readonly accounts: AccountsView;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds of a monotonic clock. */
  readonly elapsed: () => number;
  /** The longest time that a handler may take, in milliseconds. */
  readonly limitMilliseconds: () => number;
  /** The usual time of an attempt, in milliseconds; undefined if it is not known. */
  readonly median: (mode: Mode) => number | undefined;
}

export interface SurveyRequest {
  /** The longest list of accounts that is needed. */
  readonly limit: number;
  /** Only accounts with this uid (in lower case) are listed. Default: all accounts. */
  readonly uid?: string | undefined;
}

interface SharedSurvey {
  readonly survey: Promise<Survey>;
  /**
   * The time of the monotonic clock until which the survey is used; undefined while it is being
   * made.
   */
  until: number | undefined;
}

interface Made {
  readonly survey: Survey;
  /** How long the survey has occupied the thread, in milliseconds; 0 if it had only one slice. */
  readonly cost: number;
}

/** Every survey lists at least this many accounts, so that most requests can share one. */
const SHARED_LIMIT = 1_000;
/** A survey is used for this many times its cost. */
const USED_PER_COST = 9;
/** A survey is used for at most this many milliseconds. */
const LONGEST_USE = 2_000;

/**
 * The surveys for all requests to the operator interface. A survey of 300,000 accounts occupies the
 * thread, which also does the work of the service, for 0.15 s. Therefore requests share a survey
 * that is being made or was made recently. In this way the shared surveys take at most a tenth of
 * the thread, however often they are requested (a fifth with a million accounts). A request for one
 * uid, or for a longer list, shares only with requests for the same. A survey of few accounts has
 * only one slice and is used once.
 *
 * States of a survey: being made (requested) -> in use (complete) -> forgotten (its time is over)
 */
export class Surveys {
  readonly #options: SurveysOptions;
  readonly #shared = new Map<string, SharedSurvey>();

  constructor(options: SurveysOptions) {
    this.#options = options;
  }

  /** Resolves to a survey whose lists are at least as long as wanted. */
  look({ limit, uid }: SurveyRequest): Promise<Survey> {
    this.#forgetOld();
    const longest = Math.max(limit, SHARED_LIMIT);
    const key = `${longest} ${uid ?? ''}`;
    const known = this.#shared.get(key);
    if (known !== undefined) return known.survey;
    const making = this.#make(longest, uid);
    const shared: SharedSurvey = { survey: making.then(({ survey }) => survey), until: undefined };
    this.#shared.set(key, shared);
    making.then(
      ({ cost }) => {
        shared.until = this.#options.elapsed() + Math.min(USED_PER_COST * cost, LONGEST_USE);
      },
      () => this.#shared.delete(key),
    );
    return shared.survey;
  }

  /** Makes a survey. All other pending work can run between two slices. */
  async #make(limit: number, uid: string | undefined): Promise<Made> {
    const { accounts, now, elapsed, limitMilliseconds, median } = this.#options;
    const options = { now: now(), limit, uid, limitMilliseconds: limitMilliseconds(), median };
    const slices = survey(accounts, options);
    let cost = 0;
    for (;;) {
      const begun = elapsed();
      const slice = slices.next();
      if (slice.done === true) return { survey: slice.value, cost };
      cost += elapsed() - begun;
      await turn();
    }
  }

  #forgetOld(): void {
    const now = this.#options.elapsed();
    for (const [key, { until }] of this.#shared) if (until !== undefined && until <= now) this.#shared.delete(key);
  }
}
