import type { Settings } from '../../config/schema.ts';
import type { CheckLine } from '../domain/check-line.ts';
import { faultOfPython } from '../host/python-helper.ts';
import { fewFiles } from '../host/shortage.ts';

/** Checks whether the host lets this process open enough files. Returns no lines if it does. */
export function checkHost(): readonly CheckLine[] {
  const few = fewFiles();
  return few === undefined ? [] : [{ verdict: 'fail', what: 'open files', found: few.message, remedy: few.remedy }];
}

/**
 * Checks whether the helper processes in Python can run. Without them some functions of the service
 * are limited or missing.
 */
export async function checkPython({ script, log }: Settings): Promise<readonly CheckLine[]> {
  const fault = await faultOfPython();
  const what = 'python3';
  if (fault === undefined) return [{ verdict: 'ok', what, found: 'runs the helper processes' }];
  const lost = [
    ...(script.launcher === 'none'
      ? []
      : ['scripts are started by the service itself: more slowly, and they end with the service']),
    ...(log.syslog?.address.kind === 'unix' ? ['log.syslog receives no lines'] : []),
    'systemd is not notified',
  ];
  return [
    { verdict: 'advice', what, found: `${fault}: ${lost.join('; ')}`, remedy: 'apt-get install python3-minimal' },
  ];
}
