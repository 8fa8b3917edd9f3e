import type { JobLease } from '../../src/domain/job.ts';
import type { LeaseRunner } from './lease-runner.ts';

/** The lease of an attempt. `lapsed` is aborted when the processes of the attempt must be ended. */
export type LeaseForJob = JobLease & { readonly lapsed: AbortSignal };

/**
 * Returns a held lease in the form that an attempt needs. `killGrace`: how long processes may take
 * to end, in milliseconds. The timer and the watcher of the attempt end with the lease.
 */
export function leaseForJob(runner: LeaseRunner, now: () => number, killGrace: number): LeaseForJob {
  const deadline = () => (runner.state.at === 'held' ? runner.state.deadline : -Infinity);
  const ends = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    clearTimeout(timer);
    const left = deadline() - now();
    if (left > 0) {
      timer = setTimeout(look, left);
      return;
    }
    unwatch();
    ends.abort(new Error('the lease has lapsed'));
  };
  const unwatch = runner.watch(look);
  look();
  return {
    lapsed: ends.signal,
    remaining: () => deadline() + killGrace - now(),
    onRenewed: (listener) => {
      let known = deadline();
      return runner.watch(() => {
        if (deadline() > known) listener();
        known = deadline();
      });
    },
  };
}
