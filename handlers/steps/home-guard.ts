import type { Job, Step, StepOutcome } from '../../src/domain/job.ts';
import { ReturnCode } from '../../src/domain/return-code.ts';
import { readHomePath } from './home-path.ts';
import { placeOf } from './home-place.ts';
import { failed, SUCCEEDED } from './outcome.ts';
import { withinTime } from './within-time.ts';

const LONGEST = 30_000;

/**
 * Keeps a step from working on a home that is outside of `homeRoot`, by its name or by a symbolic link: the step fails with
 * code 4 and does not run. A home that does not exist yet, or any more, is judged by what of its path does; an entry
 * without a home passes. Without a `homeRoot` the step is given back as it is.
 */
export function guardHome(step: Step, homeRoot: string | null): Step {
  if (homeRoot === null) return step;
  return {
    name: step.name,
    longestMilliseconds: step.longestMilliseconds + LONGEST,
    run: async (job, context) => {
      const judgement = await withinTime(judge(job, homeRoot), LONGEST, () =>
        refused(`the file system of ${homeRoot} did not answer within ${LONGEST} ms: check it`),
      );
      return judgement.ok ? step.run(job, context) : judgement;
    },
  };
}

async function judge(job: Job, homeRoot: string): Promise<StepOutcome> {
  if (job.entry.values('homeDirectory').length === 0) return SUCCEEDED;
  const reading = readHomePath(job.entry, homeRoot);
  if (reading.kind === 'faulty') return refused(reading.reason);
  const place = await placeOf(reading.path.home, homeRoot);
  return place.kind === 'below' ? SUCCEEDED : refused(place.reason);
}

function refused(reason: string): StepOutcome {
  return failed(ReturnCode.CANNOT_CHECK_HOME_DIR_PRESENCE, reason);
}
