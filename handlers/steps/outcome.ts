import type { StepOutcome } from '../../src/domain/job.ts';

export const SUCCEEDED: StepOutcome = { ok: true };

/** A failure that stands until somebody asks again; `reason` says what to do about it. */
export function failed(returnValue: number, reason: string): StepOutcome {
  return { ok: false, returnValue, reason, retry: 'permanent' };
}
