import { PYTHON } from '../host/python-helper.ts';
import { type Getent, runGetent } from './getent.ts';
import { refusedBySystem } from './locate.ts';
import { LookupProcess } from './lookup-process.ts';

export interface LookupsOptions {
  /** `auto`: by a helper process, if one can be started; `none`: by getent(1) only. */
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

/** The most helpers at once. While all of them hang, getent answers every other question. */
const MOST_HELPERS = 2;
/**
 * How long a question waits for a free helper, in milliseconds. A helper usually answers within
 * one.
 */
const HELPER_WAIT = 50;

/**
 * Looks users and groups up by a helper process (lookup.py). To start getent(1) instead costs the
 * main thread of the service, a large process, several milliseconds.
 *
 * A helper answers one question at a time. A question that gets no helper within `HELPER_WAIT` goes to
 * getent, so that it does not wait for a helper that hangs, and another helper is started for later
 * questions. A question also goes to getent if its helper dies; that helper is replaced. If no
 * helper could ever be started, all questions go to getent.
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
