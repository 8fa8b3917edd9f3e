import type { AccountRecord } from '../../src/domain/account.ts';
import type { AccountDirectory } from '../../src/domain/directory.ts';
import type { DirectoryEntry } from '../../src/domain/entry.ts';

/** The entry as it is now: under its DN, or wherever it was renamed or moved to. */
export async function readAgain(
  record: Pick<AccountRecord, 'dn' | 'entryUUID'>,
  directory: AccountDirectory,
): Promise<DirectoryEntry | undefined> {
  const underDn = await directory.read(record.dn);
  if (record.entryUUID === undefined) return underDn;
  const [uuid] = underDn?.values('entryUUID') ?? [];
  // Deleted and created again under the same DN it is another entry; a server that does not tell is
  // believed.
  if (underDn !== undefined && (uuid === undefined || uuid.toString('utf8').toLowerCase() === record.entryUUID))
    return underDn;
  return (await directory.find(record.entryUUID)) ?? underDn;
}
