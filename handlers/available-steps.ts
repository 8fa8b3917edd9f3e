import type { Step } from '../src/domain/job.ts';

/** The steps of this site. The chroot script is always there; the others as configured. */
export interface AvailableSteps {
  readonly script: Step;
  /** The user is present in the backend (NSS). */
  readonly user?: Step;
  /** The home directory is there after the script. */
  readonly home?: Step;
  readonly quota?: Step;
  readonly quotaCleared?: Step;
  readonly rsnapshot?: Step;
  readonly rsnapshotRemoved?: Step;
}

/** Those of the steps that this site has, in the order given. */
export function present(...steps: ReadonlyArray<Step | undefined>): Step[] {
  return steps.filter((step) => step !== undefined);
}
