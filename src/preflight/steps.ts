import type { Settings } from '../../config/schema.ts';
import {
  inspectHomeRoot,
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
    ...(homeRoot !== null ? await checkHomeRoot(homeRoot) : []),
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

async function checkHomeRoot(homeRoot: string): Promise<CheckLine[]> {
  const what = 'home check';
  const findings = await inspectHomeRoot(homeRoot);
  if (findings.length === 0) return [{ verdict: 'ok', what, found: `${homeRoot} is there, and root's alone` }];
  return findings.map(({ message, remedy }) => ({ verdict: 'fail', what, found: message, remedy }));
}

function linesOf(what: string, wellFound: string, findings: readonly StepFinding[]): CheckLine[] {
  if (findings.length === 0) return [{ verdict: 'ok', what, found: wellFound }];
  return findings.map(({ key, message, remedy }) => ({ verdict: 'fail', what, found: `${key}: ${message}`, remedy }));
}
