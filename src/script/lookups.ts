import { PYTHON } from '../host/python-helper.ts';
import { type Getent, runGetent } from './getent.ts';
import { refusedBySystem } from './locate.ts';
import { LookupProcess } from './lookup-process.ts';

export interface LookupsOptions {
  /** `auto`: by a helper process, if one can be started. `none`: by getent(1) only. */
  readonly launcher: 'auto' | 'none';
  /** Called with a sentence if helpers cannot be used. */
  onNotice(message: string): void;
  /** The Python interpreter. Default: the system's. */
  readonly interpreter?: string;
  /** A helper that is not ready within this time is killed. */
  readonly readyWithinMilliseconds?: number;
}

/** The lookups of users and groups. */
export interface Lookups {
  readonly getent: Getent;
  /** Kills the helpers. */
  close(): void;
}

/** The most helpers at once. While all of them hang, getent(1) answers every other question. */
const MOST_HELPERS = 2;
/**
 * How long a question waits for a free helper, in milliseconds. A helper usually answers within one
 * millisecond.
 */
const HELPER_WAIT = 50;

/**
 * Looks up users and groups through helper processes (lookup.py). Starting getent(1) instead blocks
 * the main thread of the service, a large process, for several milliseconds.
 *
 * A helper answers one question at a time. If no helper is free within `HELPER_WAIT`, or if the
 * helper dies, the question goes to getent(1), and another helper is started for later questions.
 * So no question waits for a helper that hangs. If no helper could ever be started, all questions
 * go to getent(1).
 *
 * States: untried -> work (a helper is ready), untried -> fail (none could be started, or
 * `launcher` is `none`), any -> closed (`close`).
 */
export function createLookups(options: LookupsOptions): Lookups {
  const { launcher, onNotice, interpreter = PYTHON, readyWithinMilliseconds = 10_000 } = options;
  const helpers = new Set<LookupProcess>();
  const free: LookupProcess[] = [];
  const waiting = new Set<(helper: LookupProcess | undefined) => void>();
  let starting: LookupProcess | undefined;
  let state: 'untried' | 'work' | 'fail' | 'closed' = launcher === 'none' ? 'fail' : 'untried';

  /** Starts a helper for later questions. */
  function startAnother(): void {
    const isWanted = (state === 'untried' || state === 'work') && helpers.size < MOST_HELPERS;
    if (!isWanted || starting !== undefined) return;
    const helper = new LookupProcess({
      interpreter,
      readyWithinMilliseconds,
      onReady: () => {
        starting = undefined;
        if (state === 'untried') state = 'work';
        release(helper);
      },
      onEnd: (reason, code) => {
        helpers.delete(helper);
        if (free.includes(helper)) free.splice(free.indexOf(helper), 1);
        if (starting === helper) refused(reason, code);
      },
    });
    helpers.add(helper);
    starting = helper;
  }

  function refused(reason: string, code: string | undefined): void {
    starting = undefined;
    const isPassing = code !== undefined && refusedBySystem('', code).transient;
    if (state !== 'untried' || isPassing) return;
    state = 'fail';
    onNotice(
      `the helper that looks users up cannot be started (${reason}); getent is run for each lookup, which is slower`,
    );
  }

  function release(helper: LookupProcess): void {
    const [next] = waiting;
    if (next === undefined) free.push(helper);
    else next(helper);
  }

  /** Resolves to undefined if no helper is free in time. */
  async function take(): Promise<LookupProcess | undefined> {
    const atWork = helpers.size - (starting === undefined ? 0 : 1);
    if (free.length > 0 || atWork === 0) return free.pop();
    return new Promise((resolve) => {
      const finish = (helper: LookupProcess | undefined): void => {
        clearTimeout(timer);
        waiting.delete(finish);
        resolve(helper);
      };
      const timer = setTimeout(() => finish(undefined), HELPER_WAIT);
      waiting.add(finish);
    });
  }

  return {
    async getent(database, keys, limits) {
      const began = performance.now();
      const helper = await take();
      const result = await helper?.ask(database, keys, limits);
      if (helper?.isReady) release(helper);
      if (result !== undefined) return result;
      if (!limits.signal.aborted) startAnother();
      const left = limits.timeoutMilliseconds - Math.round(performance.now() - began);
      return runGetent(database, keys, { ...limits, timeoutMilliseconds: Math.max(0, left) });
    },
    close() {
      state = 'closed';
      for (const helper of helpers) helper.kill();
    },
  };
}
