import type { Settings } from '../../config/schema.ts';
import { LeftAccounts } from '../../streams/accounts/left-accounts.ts';
import type { Report } from '../domain/event.ts';
import { attributesToRead, readAccount } from '../domain/read-account.ts';
import { entryLocator } from '../ldap/locate-entry.ts';
import type { DirectoryOperations } from '../ldap/operations.ts';

/** Reports the accounts that have left. It looks for their entries in the directory in use. */
export function createLeft(
  { attributes: names, directory }: Settings,
  report: Report,
  operations: DirectoryOperations,
  monotonic: () => number,
): LeftAccounts {
  return new LeftAccounts({
    locate: entryLocator(operations, directory.base, attributesToRead(names)),
    readEntry: (entry) => readAccount(entry, names, null),
    report,
    monotonic,
  });
}
