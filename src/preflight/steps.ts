import { stat } from 'node:fs/promises';
import type { Settings } from '../../config/schema.ts';
import {
  inspectQuota,
  inspectRsnapshot,
  inspectUserCheck,
  type StepFinding,
} from '../../handlers/steps/inspect-steps.ts';
import type { CheckLine } from './report.ts';

/** Looks at what the steps that are switched on need of this host. */
export async function checkSteps(settings: Settings): Promise<CheckLine[]> {
  const { userCheck, script, quota, rsnapshot } = settings;
  const { homeRoot } = script;
  return [
    ...(userCheck.enabled ? linesOf('user check', 'getent is there', inspectUserCheck()) : []),
    ...(homeRoot !== null ? [await checkHomeRoot(homeRoot)] : []),
    ...(quota.enabled ? linesOf('quota', `${quota.command[0]} is there`, inspectQuota(quota)) : []),
    ...(rsnapshot.enabled
      ? linesOf(
          'rsnapshot',
          `${rsnapshot.directory} can be written to`,
          await inspectRsnapshot(
            { ...rsnapshot, homeRoot, timeoutMilliseconds: rsnapshot.timeout },
            new AbortController().signal,
          ),
        )
      : []),
  ];
}

async function checkHomeRoot(homeRoot: string): Promise<CheckLine> {
  const what = 'home check';
  const isFolder = await stat(homeRoot).then(
    (status) => status.isDirectory(),
    () => false,
  );
  return isFolder
    ? { verdict: 'ok', what, found: `${homeRoot} is there` }
    : { verdict: 'fail', what, found: `${homeRoot} is no folder`, remedy: 'mount it, or correct script.homeRoot' };
}

function linesOf(what: string, wellFound: string, findings: readonly StepFinding[]): CheckLine[] {
  if (findings.length === 0) return [{ verdict: 'ok', what, found: wellFound }];
  return findings.map(({ key, message, remedy }) => ({ verdict: 'fail', what, found: `${key}: ${message}`, remedy }));
}
