import { setMaxListeners } from 'node:events';
import { type Observable, ReplaySubject } from 'rxjs';
import { ReturnCode } from '../domain/return-code.ts';

/**
 * The lifecycle of the service.
 *
 * States:
 * - working -> draining (`drain`: no new work is started) -> stopped (the grace period is over).
 * - working, draining -> stopped (`stop`: running work ends at once).
 */
export class ServiceLifecycle {
  readonly #drain$ = new ReplaySubject<void>(1);
  readonly #draining = new AbortController();
  readonly #stopped = new AbortController();
  #exitCode: number = ReturnCode.SUCCESS;

  constructor() {
    // Each account in work adds a listener to both signals.
    setMaxListeners(0, this.#draining.signal, this.#stopped.signal);
    this.#stopped.signal.addEventListener('abort', () => this.#draining.abort());
  }

  /** Emits when no new work may be started. */
  get drain$(): Observable<void> {
    return this.#drain$;
  }

  /** Aborted when no new work may be started. */
  get draining(): AbortSignal {
    return this.#draining.signal;
  }

  /** Aborted when running work has to end at once. */
  get stopped(): AbortSignal {
    return this.#stopped.signal;
  }

  /** The exit code of the process: the first one that is not 0. */
  get exitCode(): number {
    return this.#exitCode;
  }

  /** Starts to drain. Running work may continue for the grace period, in milliseconds. */
  drain(grace: number): void {
    setTimeout(() => this.#stopped.abort(new Error('the grace is over')), grace).unref();
    this.#draining.abort();
    this.#drain$.next();
  }

  stop(exitCode: number, reason: unknown): void {
    this.#exitCode ||= exitCode;
    this.#stopped.abort(reason);
    this.#drain$.next();
  }
}
