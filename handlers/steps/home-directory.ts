import { realpath, stat } from 'node:fs/promises';
import type { Job, Step, StepOutcome } from '../../src/domain/job.ts';
import { ReturnCode } from '../../src/domain/return-code.ts';
import { isBelow, readHomePath } from './home-path.ts';
import { failed, SUCCEEDED } from './outcome.ts';

export interface HomeDirectoryOptions {
  /** The folder below which every home must be, also after its symbolic links are followed; null: anywhere. */
  readonly homeRoot: string | null;
}

/** Looking at a path on a network file system may take this long. */
const LONGEST = 30_000;

/**
 * Checks that the account's home is there: meant to stand after the chroot script. Code 4 where it cannot be checked,
 * code 5 where it is missing, is no folder, or is led out of `homeRoot` by a symbolic link.
 */
export function homeDirectoryStep(options: HomeDirectoryOptions): Step {
  return {
    name: 'home',
    longestMilliseconds: LONGEST,
    run: (job) => withinTime(checkHome(job, options)),
  };
}

async function checkHome(job: Job, { homeRoot }: HomeDirectoryOptions): Promise<StepOutcome> {
  const reading = readHomePath(job.entry, homeRoot);
  if (reading.kind === 'faulty') return uncheckable(reading.reason);
  const { home } = reading.path;

  let real: string;
  try {
    real = await realpath(home);
    if (!(await stat(real)).isDirectory()) return missing(`home ${home} is not a folder: move away what is there`);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') {
      return missing(`the script succeeded, but home ${home} is missing: let the script create homeDirectory`);
    }
    if (code === 'ENOTDIR') return missing(`home ${home} has a file where a folder must be: move it away`);
    return uncheckable(`home ${home} cannot be looked at (${code}): check the rights and the file system`);
  }
  if (homeRoot === null) return SUCCEEDED;

  try {
    const realRoot = await realpath(homeRoot);
    if (isBelow(real, realRoot)) return SUCCEEDED;
    return missing(`home ${home} is led to ${real} by a symbolic link, outside of ${homeRoot}: remove the link`);
  } catch (error) {
    return uncheckable(`script.homeRoot ${homeRoot} cannot be looked at (${codeOf(error)}): correct it`);
  }
}

async function withinTime(check: Promise<StepOutcome>): Promise<StepOutcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<StepOutcome>((resolve) => {
    timer = setTimeout(
      () => resolve(uncheckable(`the file system did not answer within ${LONGEST} ms: check it`)),
      LONGEST,
    );
  });
  try {
    return await Promise.race([check, late]);
  } finally {
    clearTimeout(timer);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function uncheckable(reason: string): StepOutcome {
  return failed(ReturnCode.CANNOT_CHECK_HOME_DIR_PRESENCE, reason);
}

function missing(reason: string): StepOutcome {
  return failed(ReturnCode.CANNOT_CREATE_HOME_DIR, reason);
}
