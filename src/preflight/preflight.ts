import type { Settings } from '../../config/schema.ts';
import { STEPS } from '../../handlers/steps/registry.ts';
import type { CheckLine } from '../domain/check-line.ts';
import { operationsAt } from '../ldap/operations.ts';
import { accessOf } from '../site.ts';
import { checkAccounts } from './accounts.ts';
import { checkConnecting } from './connecting.ts';
import { checkLock } from './lock.ts';
import { checkOutlets } from './outlets.ts';
import { checkPassword } from './password.ts';
import { checkStep } from './steps.ts';

/**
 * Tries everything that `run` needs, without changing anything. Calls `tell` with each line as soon
 * as it is known. Resolves to true if no check has failed; advice does not count.
 */
export async function preflight(
  configFile: string,
  settings: Settings,
  env: Readonly<Record<string, string | undefined>>,
  tell: (line: CheckLine) => void,
): Promise<boolean> {
  let holds = true;
  const say = (lines: readonly CheckLine[]): void => {
    for (const line of lines) {
      tell(line);
      if (line.verdict === 'fail') holds = false;
    }
  };
  say([{ verdict: 'ok', what: 'configuration', found: configFile }]);
  say(await checkPassword(configFile, settings));

  const access = accessOf(settings, env);
  let usable: string | undefined;
  for (const url of access.urls) {
    const lines = await checkConnecting(access, url);
    say(lines);
    if (lines.every(({ verdict }) => verdict !== 'fail')) usable ??= url;
  }
  if (usable === undefined) {
    say([{ verdict: 'not tried', what: 'accounts', found: 'no directory to try them on' }]);
  } else {
    const operations = operationsAt(access, usable, settings.directory.base);
    try {
      say(await checkAccounts(settings, access, usable, operations, () => Date.now()));
    } finally {
      operations.close();
    }
  }
  say([await checkLock(configFile)]);
  for (const step of STEPS) say(await checkStep(step, settings));
  say(await checkOutlets(settings));
  return holds;
}
