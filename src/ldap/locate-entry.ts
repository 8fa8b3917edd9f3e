import { DirectoryError, ResultCode } from '../domain/directory-error.ts';
import { isAtOrBelow } from '../domain/dn.ts';
import type { DirectoryEntry } from '../domain/entry.ts';
import type { DirectoryOperations } from './operations.ts';
import { escapeFilterValue } from './wire/filter.ts';

/**
 * Returns a function that reads an entry wherever it is now. It searches the whole naming context,
 * also above the base, for the entryUUID. Without an entryUUID it reads the DN. It resolves to
 * undefined if there is no such entry, or none that the bind account may read. It rejects with a
 * DirectoryError.
 */
export function entryLocator(
  operations: Pick<DirectoryOperations, 'read' | 'search'>,
  base: string,
  attributes: readonly string[],
): (dn: string, entryUUID: string | undefined) => Promise<DirectoryEntry | undefined> {
  let context: string | undefined;
  const search = async (below: string, filter: string): Promise<DirectoryEntry | undefined> => {
    let match: DirectoryEntry | undefined;
    await operations.search({ base: below, filter, attributes }, {}, (entry) => {
      match ??= entry;
    });
    return match;
  };
  return async (dn, entryUUID) => {
    if (entryUUID === undefined) return operations.read(dn);
    const filter = `(entryUUID=${escapeFilterValue(entryUUID)})`;
    context ??= await contextOf(operations, base);
    try {
      return await search(context, filter);
    } catch (error) {
      if (context === base || !isOutOfReach(error)) throw error;
      context = base;
      return search(context, filter);
    }
  };
}

/**
 * Whether the search was refused because it was above the base. The bind account need not have
 * rights there, and a server may hide what the account may not read.
 */
function isOutOfReach(error: unknown): boolean {
  if (!(error instanceof DirectoryError)) return false;
  const { noSuchObject, insufficientAccessRights } = ResultCode;
  return error.resultCode === noSuchObject || error.resultCode === insufficientAccessRights;
}

/** The naming context of the server that holds the base (RFC 4512, section 5.1). */
async function contextOf(operations: Pick<DirectoryOperations, 'search'>, base: string): Promise<string> {
  let context = base;
  await operations.search(
    { base: '', scope: 'base', filter: '(objectClass=*)', attributes: ['namingContexts'] },
    {},
    (entry) => {
      context = entry.texts('namingContexts').find((each) => each !== '' && isAtOrBelow(base, each)) ?? base;
    },
  );
  return context;
}
