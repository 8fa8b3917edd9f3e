import { stat } from 'node:fs/promises';
import type { Job, Step, StepOutcome } from '../../src/domain/job.ts';
import { ReturnCode } from '../../src/domain/return-code.ts';
import { readHomePath } from './home-path.ts';
import { codeOf, placeOf } from './home-place.ts';
import { failed, SUCCEEDED } from './outcome.ts';
import { withinTime } from './within-time.ts';

export interface HomeDirectoryOptions {
  /** The folder below which every home must be, also after its symbolic links are followed; null: anywhere. */
  readonly homeRoot: string | null;
}

/** Looking at a path on a network file system may take this long. */
const LONGEST = 30_000;

/**
 * Checks that the account's home is there: meant to stand after the chroot script. Code 4 where it cannot be checked, or is
 * led out of `homeRoot`; code 5 where it is missing or no folder.
 */
export function homeDirectoryStep(options: HomeDirectoryOptions): Step {
  return {
    name: 'home',
    longestMilliseconds: LONGEST,
    run: (job) =>
      withinTime(checkHome(job, options), LONGEST, () =>
        uncheckable(`the file system did not answer within ${LONGEST} ms: check it`),
      ),
  };
}

async function checkHome(job: Job, { homeRoot }: HomeDirectoryOptions): Promise<StepOutcome> {
  const reading = readHomePath(job.entry, homeRoot);
  if (reading.kind === 'faulty') return uncheckable(reading.reason);
  const { home } = reading.path;
  try {
    if (!(await stat(home)).isDirectory()) return missing(`home ${home} is not a folder: move away what is there`);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') {
      return missing(`the script succeeded, but home ${home} is missing: let the script create homeDirectory`);
    }
    if (code === 'ENOTDIR') return missing(`home ${home} has a file where a folder must be: move it away`);
    return uncheckable(`home ${home} cannot be looked at (${code}): check the rights and the file system`);
  }
  if (homeRoot === null) return SUCCEEDED;
  const place = await placeOf(home, homeRoot);
  return place.kind === 'below' ? SUCCEEDED : uncheckable(place.reason);
}

function uncheckable(reason: string): StepOutcome {
  return failed(ReturnCode.CANNOT_CHECK_HOME_DIR_PRESENCE, reason);
}

function missing(reason: string): StepOutcome {
  return failed(ReturnCode.CANNOT_CREATE_HOME_DIR, reason);
}
