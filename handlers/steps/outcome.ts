import type { StepOutcome } from '../../src/domain/job.ts';

export const SUCCEEDED: StepOutcome = { ok: true };

/** A failure that is final until a new request. `reason` also says what to do. */
export function failed(returnValue: number, reason: string): StepOutcome {
  return { ok: false, returnValue, reason, retry: 'permanent' };
}
