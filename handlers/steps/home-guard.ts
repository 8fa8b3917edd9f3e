import type { HomeRules } from '../../src/domain/home-path.ts';
import type { Job, StepOutcome } from '../../src/domain/job.ts';
import { ReturnCode } from '../../src/domain/return-code.ts';
import type { RunStep } from '../define-step.ts';
import { judgeJobsHome } from './home-directory.ts';
import { failed, SUCCEEDED } from './outcome.ts';
import { withinTime } from './within-time.ts';

const LONGEST = 30_000;

/**
 * Judges the account's home before a step runs. If the home is not allowed, the step fails with
 * code 4 and does not run. With a `homeRoot` the folders on disk are judged, too. If the home does
 * not exist, the folders above it are judged. An entry without a home passes.
 */
export function guardHome(run: RunStep, rules: HomeRules): RunStep {
  return async (job, context, means) => {
    const judgement = await withinTime(judge(job, rules), LONGEST, () =>
      refused(`the file system of ${rules.homeRoot} did not answer within ${LONGEST} ms: check it`),
    );
    return judgement.ok ? run(job, context, means) : judgement;
  };
}

/** The longest time that the judgement takes, in milliseconds. */
export function guardLimit(homeRoot: string | null): number {
  return homeRoot === null ? 0 : LONGEST;
}

async function judge(job: Job, rules: HomeRules): Promise<StepOutcome> {
  if (job.entry.values('homeDirectory').length === 0) return SUCCEEDED;
  const { place } = await judgeJobsHome(job, rules);
  return 'reason' in place ? refused(place.reason) : SUCCEEDED;
}

function refused(reason: string): StepOutcome {
  return failed(ReturnCode.CANNOT_CHECK_HOME_DIR_PRESENCE, reason);
}
