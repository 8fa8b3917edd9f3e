import type { Settings } from '../../config/schema.ts';
import { STEPS } from '../../handlers/steps/registry.ts';
import type { CheckLine } from '../domain/check-line.ts';
import { operationsAt } from '../ldap/operations.ts';
import { accessOf } from '../service/site.ts';
import { checkAccounts } from './accounts.ts';
import { checkCanary } from './canary.ts';
import { checkClientCertificate, checkConnecting } from './connecting.ts';
import { checkHost, checkPython } from './host.ts';
import { checkLeases } from './leases.ts';
import { checkLock } from './lock.ts';
import { checkOutputs } from './outputs.ts';
import { checkSecrets } from './secrets.ts';
import { checkServers } from './servers.ts';
import { checkStep } from './steps.ts';
import { checkSwitch } from './switch.ts';

/**
 * Checks everything that `run` needs, without changing any account. Calls `report` with each line
 * as soon as its check is done. Resolves to true if no check has failed; advice is not a failure.
 */
export async function preflight(
  configFile: string,
  settings: Settings,
  env: Readonly<Record<string, string | undefined>>,
  report: (line: CheckLine) => void,
): Promise<boolean> {
  let passed = true;
  const reportAll = (lines: readonly CheckLine[]): void => {
    for (const line of lines) {
      report(line);
      if (line.verdict === 'fail') passed = false;
    }
  };
  reportAll([{ verdict: 'ok', what: 'configuration', found: configFile }]);
  reportAll(checkHost());
  reportAll(await checkPython(settings));
  reportAll(await checkSecrets(configFile, settings));

  const access = accessOf(settings, env);
  let usable: string | undefined;
  reportAll(await checkClientCertificate(access));
  const servers = await checkServers(access.urls);
  reportAll(servers.lines);
  for (const url of servers.urls) {
    const lines = await checkConnecting(access, url);
    reportAll(lines);
    if (lines.every(({ verdict }) => verdict !== 'fail')) usable ??= url;
  }
  if (usable === undefined) {
    reportAll([{ verdict: 'not tried', what: 'accounts', found: 'no server of the directory can be used' }]);
  } else {
    const operations = operationsAt(access, usable, settings.directory.base);
    try {
      reportAll(await checkAccounts(settings, access, usable, operations, () => Date.now()));
      reportAll(await checkLeases(settings, operations));
      reportAll(await checkSwitch(settings, operations));
      reportAll(await checkCanary(settings, operations));
    } finally {
      operations.close();
    }
  }
  reportAll([await checkLock(configFile)]);
  for (const step of STEPS) reportAll(await checkStep(step, settings));
  reportAll(await checkOutputs(settings));
  return passed;
}
