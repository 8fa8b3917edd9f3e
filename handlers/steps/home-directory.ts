import { stat } from 'node:fs/promises';
import { yesOrNo } from '../../config/kinds/kind.ts';
import { section, setting } from '../../config/kinds/setting.ts';
import { singleValue } from '../../src/domain/entry-value.ts';
import { type HomeRules, readHomePath } from '../../src/domain/home-path.ts';
import type { Job, StepOutcome } from '../../src/domain/job.ts';
import { ReturnCode } from '../../src/domain/return-code.ts';
import { defineStep } from '../define-step.ts';
import { codeOf, judgeHome, type Place } from './home-place.ts';
import { inspectHomeRoot } from './inspect-home-root.ts';
import { failed, SUCCEEDED } from './outcome.ts';

/** The longest time in milliseconds to look at a path, such as one on a network file system. */
const LONGEST = 30_000;

/**
 * Checks that the home of the account exists. The step runs after the chroot script. It fails with
 * code 4 if the home cannot be checked or is not the account's own, and with code 5 if the home is
 * missing or is not a folder.
 */
export const homeCheck = defineStep({
  name: 'home',
  section: 'homeCheck',
  settings: section('A check after the script of add and modify: the home directory must exist.', {
    enabled: setting('Do this step. script.homeRoot switches it on, too.', false, yesOrNo),
  }),
  isOn: ({ enabled }, { homeRoot }) => enabled || homeRoot !== null,
  inspect: async (_, { homeRoot }) => (homeRoot === null ? [] : inspectHomeRoot(homeRoot)),
  limit: () => LONGEST,
  grace: () => 0,
  overdue: {
    returnValue: ReturnCode.CANNOT_CHECK_HOME_DIR_PRESENCE,
    remedy: 'check that the file system of the homes answers',
  },
  run: (_, site) => {
    return (job) => checkHome(job, site);
  },
});

async function checkHome(job: Job, rules: HomeRules): Promise<StepOutcome> {
  const { home, place } = await judgeJobsHome(job, rules);
  const found = rules.homeRoot === null && place.kind === 'there' ? await look(home) : place;
  switch (found.kind) {
    case 'there':
      return SUCCEEDED;
    case 'missing':
      return missing(`the script succeeded, but home ${home} is missing: let the script create homeDirectory`);
    case 'blocked':
      return missing(found.reason);
    case 'unsafe':
    case 'unknown':
      return uncheckable(found.reason);
  }
}

/**
 * Reads the home of a job's entry and judges it by its path and, if there is a `homeRoot`, on disk.
 */
export async function judgeJobsHome(
  { entry, record }: Job,
  rules: HomeRules,
): Promise<{ readonly home: string; readonly place: Place }> {
  const reading = readHomePath(entry, record.uid, rules);
  if (reading.kind === 'faulty') return { home: '', place: { kind: 'unsafe', reason: reading.reason } };
  const { home } = reading.path;
  const { homeRoot } = rules;
  if (homeRoot === null) return { home, place: { kind: 'there' } };
  const uidNumber = singleValue(entry, 'uidNumber');
  return { home, place: await judgeHome(home, homeRoot, uidNumber.kind === 'text' ? uidNumber.text : undefined) };
}

async function look(home: string): Promise<Place> {
  try {
    if ((await stat(home)).isDirectory()) return { kind: 'there' };
    return { kind: 'blocked', reason: `home ${home} is not a folder: move the file away` };
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return { kind: 'missing' };
    if (code === 'ENOTDIR') {
      return { kind: 'blocked', reason: `home ${home} has a file where a folder is needed: move the file away` };
    }
    return {
      kind: 'unknown',
      reason: `home ${home} cannot be looked at (${code}): check the rights and the file system`,
    };
  }
}

function uncheckable(reason: string): StepOutcome {
  return failed(ReturnCode.CANNOT_CHECK_HOME_DIR_PRESENCE, reason);
}

function missing(reason: string): StepOutcome {
  return failed(ReturnCode.CANNOT_CREATE_HOME_DIR, reason);
}
