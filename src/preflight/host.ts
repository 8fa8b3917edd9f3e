import type { Settings } from '../../config/schema.ts';
import type { CheckLine } from '../domain/check-line.ts';
import { faultOfPython } from '../host/python-helper.ts';
import { fewFiles } from '../host/shortage.ts';

/** What this process lacks of the host; nothing where it lacks nothing. */
export function checkHost(): readonly CheckLine[] {
  const few = fewFiles();
  return few === undefined ? [] : [{ verdict: 'fail', what: 'open files', found: few.message, remedy: few.remedy }];
}

/** Whether the helper processes can run, for which the service has a lesser substitute or none. */
export async function checkPython({ script, log }: Settings): Promise<readonly CheckLine[]> {
  const fault = await faultOfPython();
  const what = 'python3';
  if (fault === undefined) return [{ verdict: 'ok', what, found: 'runs the helper processes' }];
  const lost = [
    ...(script.launcher === 'none'
      ? []
      : ['scripts start at a lower rate, as children of the service, and end with it']),
    ...(log.syslog?.address.kind === 'unix' ? ['log.syslog gets nothing'] : []),
    'systemd is not notified',
  ];
  return [
    { verdict: 'advice', what, found: `${fault}: ${lost.join('; ')}`, remedy: 'apt-get install python3-minimal' },
  ];
}
