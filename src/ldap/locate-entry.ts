import { DirectoryError, ResultCode } from '../domain/directory-error.ts';
import { isAtOrBelow } from '../domain/dn.ts';
import type { DirectoryEntry } from '../domain/entry.ts';
import type { DirectoryOperations } from './operations.ts';
import { escapeFilterValue } from './wire/filter.ts';

/**
 * Returns a function that reads an entry wherever it is now: by its entryUUID in the whole naming
 * context, also above the base; without an entryUUID by its DN. It resolves to undefined if there
 * is no such entry, or none that the bind account may read, and rejects with a DirectoryError.
 */
export function entryLocator(
  operations: Pick<DirectoryOperations, 'read' | 'search'>,
  base: string,
  attributes: readonly string[],
): (dn: string, entryUUID: string | undefined) => Promise<DirectoryEntry | undefined> {
  let context: string | undefined;
  const search = async (below: string, filter: string): Promise<DirectoryEntry | undefined> => {
    let found: DirectoryEntry | undefined;
    await operations.search({ base: below, filter, attributes }, {}, (entry) => {
      found ??= entry;
    });
    return found;
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

/** The bind account need not be allowed to read above the base. A server may hide what it may not. */
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
