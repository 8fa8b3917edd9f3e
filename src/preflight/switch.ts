import type { Settings } from '../../config/schema.ts';
import type { CheckLine } from '../domain/check-line.ts';
import type { DirectoryOperations } from '../ldap/operations.ts';
import { readSwitch } from '../ldap/switch-entry.ts';
import { runCheck } from './run-check.ts';

/** Reads the switch. Returns no lines if the configuration has none. */
export async function checkSwitch(settings: Settings, operations: DirectoryOperations): Promise<CheckLine[]> {
  const { dn, attribute } = settings.switch;
  if (dn === null) return [];
  const line = await runCheck(`switch ${dn}`, async () => {
    const reading = await readSwitch(operations, { dn, attribute });
    switch (reading.is) {
      case 'on':
        return { verdict: 'ok', found: `${attribute} is TRUE` };
      case 'off':
        return {
          verdict: 'advice',
          found: `${attribute} is FALSE, so every service that names it is paused`,
          remedy: `to end the pause, write ${attribute}: TRUE to the entry`,
        };
      case 'unreadable':
        return {
          verdict: 'fail',
          found: `${reading.reason}, so the service is paused when it starts`,
          remedy: `correct switch.dn and switch.attribute, or let the account in directory.bindDn read the entry`,
        };
    }
  });
  return [line];
}
