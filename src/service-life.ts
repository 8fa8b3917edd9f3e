import { setMaxListeners } from 'node:events';
import { type Observable, ReplaySubject } from 'rxjs';
import { ReturnCode } from './domain/return-code.ts';

/**
 * How far the service is on its way to its end.
 *
 * working -> draining (`drain`: nothing new is taken up) -> stopped (the grace is over)
 * working, draining -> stopped (`stop`: what runs is ended at once)
 */
export class ServiceLife {
  readonly #drain$ = new ReplaySubject<void>(1);
  readonly #draining = new AbortController();
  readonly #stopped = new AbortController();
  #exitCode: number = ReturnCode.SUCCESS;

  constructor() {
    // Each account in work listens to both.
    setMaxListeners(0, this.#draining.signal, this.#stopped.signal);
    this.#stopped.signal.addEventListener('abort', () => this.#draining.abort());
  }

  /** Emits when nothing new is to be taken up. */
  get drain$(): Observable<void> {
    return this.#drain$;
  }

  /** Aborted when nothing new is to be taken up. */
  get draining(): AbortSignal {
    return this.#draining.signal;
  }

  /** Aborted when what runs is to end at once. */
  get stopped(): AbortSignal {
    return this.#stopped.signal;
  }

  /** Of the process: the first one that is not 0. */
  get exitCode(): number {
    return this.#exitCode;
  }

  /** What runs may finish within the grace, in milliseconds. */
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
