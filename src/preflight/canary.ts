import type { Settings } from '../../config/schema.ts';
import type { CheckLine, Found } from '../domain/check-line.ts';
import type { DirectoryEntry } from '../domain/entry.ts';
import { attributesToRead, readAccount } from '../domain/read-account.ts';
import type { DirectoryOperations } from '../ldap/operations.ts';
import { rulesOf } from '../service/site.ts';
import { runCheck } from './run-check.ts';
import { checkWriteAccess } from './write-access.ts';

/**
 * Checks that the canary exists, is an account of the service, and can be written by the service.
 */
export async function checkCanary(settings: Settings, operations: DirectoryOperations): Promise<CheckLine[]> {
  const { dn } = settings.canary;
  if (dn === null) return [];
  return [await runCheck('canary', () => checkEntry(dn, settings, operations))];
}

async function checkEntry(dn: string, settings: Settings, operations: DirectoryOperations): Promise<Found> {
  const { attributes, directory } = settings;
  const entry = await operations.read(dn);
  if (entry === undefined) {
    const remedy = 'create it as a separate account, with a home that no other account uses, or correct canary.dn';
    return { verdict: 'fail', found: `there is no entry ${dn}, or it may not be read`, remedy };
  }
  const reading = readAccount(entry, attributes, rulesOf(settings));
  if (reading.kind !== 'account') {
    const remedy = `give it ${attributes.mode}: added and ${attributes.state}: 20260101T000000Z, or correct the entry`;
    return { verdict: 'fail', found: `${dn} is not an account: ${reading.reason}`, remedy };
  }
  let seen: DirectoryEntry | undefined;
  const request = {
    base: dn,
    scope: 'base',
    filter: directory.filter,
    attributes: attributesToRead(attributes),
  } as const;
  await operations.search(request, {}, (found) => {
    seen = found;
  });
  if (seen === undefined) {
    const remedy = 'change the entry so that it matches the filter';
    return { verdict: 'fail', found: `directory.filter ${directory.filter} does not match ${dn}`, remedy };
  }
  return checkWriteAccess(settings, operations, entry);
}
