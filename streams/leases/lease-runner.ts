import type { LeaseDirectory } from '../../src/domain/directory.ts';
import { DirectoryError, ResultCode } from '../../src/domain/directory-error.ts';
import { readLease } from '../../src/domain/lease.ts';
import {
  type LeaseContext,
  type LeaseEffect,
  type LeaseInput,
  type LeaseState,
  type LeaseStep,
  NO_LEASE,
  type Seen,
} from './lease-state.ts';
import { stepLease } from './lease-step.ts';

export interface LeaseRunnerOptions {
  readonly directory: LeaseDirectory;
  /** Returns what the steps depend on at this moment. */
  readonly context: () => LeaseContext;
  /** The clock of the context, in milliseconds. */
  readonly now: () => number;
  /** Called with each step before its effect begins. */
  readonly observe: (step: LeaseStep) => void;
  /** Called after each step, when its watchers have been called. */
  readonly stepped: (runner: LeaseRunner) => void;
}

/** Called after each step; with the error if the directory did not answer. */
export type LeaseWatcher = (error?: DirectoryError) => void;

/** Runs the state machine of one uid: performs its effects, and passes their answers to it. */
export class LeaseRunner {
  readonly #lane: string;
  readonly #options: LeaseRunnerOptions;
  readonly #watchers = new Set<LeaseWatcher>();
  #state: LeaseState;
  #timer: NodeJS.Timeout | undefined;
  /**
   * The number of effects so far. If a newer effect has begun, the answer to an older one is
   * dropped.
   */
  #effect = 0;

  /** `seen`: the last reading of the lease, if there is one. */
  constructor(lane: string, seen: Seen | undefined, options: LeaseRunnerOptions) {
    this.#lane = lane;
    this.#options = options;
    this.#state = seen === undefined ? NO_LEASE : { at: 'none', seen };
  }

  get state(): LeaseState {
    return this.#state;
  }

  /** Whether no turn waits for the lease, and it is not held, being taken or paused. */
  get isIdle(): boolean {
    return this.#state.at === 'none' && this.#watchers.size === 0;
  }

  /** `spread`: see `LeaseContext`. Default: that of the context. */
  take(input: LeaseInput, spread?: number): void {
    const context = this.#options.context();
    const before = this.#state;
    const { state, effect } = stepLease(before, input, spread === undefined ? context : { ...context, spread });
    this.#state = state;
    this.#options.observe({ before, input, after: state });
    if (effect !== undefined) this.#perform(effect);
    this.tell();
    this.#options.stepped(this);
  }

  /** Calls `watcher` after each step, until the returned function is called. */
  watch(watcher: LeaseWatcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /**
   * Resolves to what `find` returns for the state, once it is not undefined. Rejects with an error
   * of the directory, and on the abort.
   */
  until<T>(abort: AbortSignal, find: (state: LeaseState) => T | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const end = (): void => {
        unwatch();
        abort.removeEventListener('abort', stop);
      };
      const stop = (): void => {
        end();
        reject(abort.reason);
      };
      const look = (error?: DirectoryError): void => {
        const found = find(this.#state);
        if (found === undefined && error === undefined) return;
        end();
        if (found === undefined) reject(error);
        else resolve(found);
      };
      const unwatch = this.watch(look);
      abort.addEventListener('abort', stop);
      if (abort.aborted) stop();
      else look();
    });
  }

  /** Ends a wait, and drops the answer to the effect that is under way. */
  stop(): void {
    this.#effect += 1;
    clearTimeout(this.#timer);
  }

  /** Calls the watchers. */
  tell(error?: DirectoryError): void {
    for (const watcher of [...this.#watchers]) watcher(error);
  }

  #perform(effect: LeaseEffect): void {
    this.stop();
    const number = this.#effect;
    const answered = (input: LeaseInput): void => {
      if (this.#effect === number) this.take(input);
    };
    const failed = (error: unknown): void => {
      if (!(error instanceof DirectoryError)) throw error;
      if (this.#effect !== number) return;
      this.take({ got: isRefusal(error) ? 'refused' : 'noAnswer' });
      if (!isRefusal(error)) this.tell(error);
    };
    const { directory, now } = this.#options;
    switch (effect.do) {
      case 'add':
        directory.add(this.#lane, effect.lease).then(() => answered({ got: 'done' }), failed);
        return;
      case 'swap':
        directory.swap(this.#lane, effect.from, effect.to).then(() => answered({ got: 'done' }), failed);
        return;
      case 'read':
        directory.read(this.#lane).then((values) => answered({ got: 'read', lease: readLease(values) }), failed);
        return;
      case 'wait':
        this.#timer = setTimeout(() => answered({ got: 'time' }), Math.max(0, effect.until - now()));
        return;
      case 'nothing':
        return;
    }
  }
}

/**
 * Whether the directory refuses a write because the lease has another value, exists, or does not
 * exist.
 */
function isRefusal({ resultCode }: DirectoryError): boolean {
  const { noSuchAttribute, noSuchObject, entryAlreadyExists } = ResultCode;
  return resultCode === noSuchAttribute || resultCode === noSuchObject || resultCode === entryAlreadyExists;
}
