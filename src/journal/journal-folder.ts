import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type JournalFile, startOf } from './journal-files.ts';

/** Lists the files of the journal in a folder, the oldest first. Throws a system error. */
export function listJournal(directory: string): JournalFile[] {
  return readdirSync(directory)
    .sort()
    .flatMap((name) => {
      const startedAt = startOf(name);
      // Another process may have deleted it meanwhile.
      const found = startedAt === undefined ? undefined : statSync(join(directory, name), { throwIfNoEntry: false });
      if (startedAt === undefined || found?.isFile() !== true) return [];
      return [{ name, startedAt, bytes: found.size, writtenAt: found.mtimeMs }];
    });
}
