import type { AccountRecord } from '../../src/domain/account.ts';
import type { AccountDirectory } from '../../src/domain/directory.ts';
import type { DirectoryEntry } from '../../src/domain/entry.ts';

/**
 * Reads the entry as it is now: by its DN, or, if it was renamed or moved, by its entryUUID.
 * Undefined if it does not exist.
 */
export async function readAgain(
  record: Pick<AccountRecord, 'dn' | 'entryUUID'>,
  directory: AccountDirectory,
): Promise<DirectoryEntry | undefined> {
  const underDn = await directory.read(record.dn);
  if (record.entryUUID === undefined) return underDn;
  const [uuid] = underDn?.values('entryUUID') ?? [];
  // An entry that was deleted and created again under the same DN is another one. Without an
  // entryUUID in the answer it counts as the same.
  if (underDn !== undefined && (uuid === undefined || uuid.toString('utf8').toLowerCase() === record.entryUUID))
    return underDn;
  return (await directory.find(record.entryUUID)) ?? underDn;
}
