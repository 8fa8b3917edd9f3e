import type { AccountRecord } from './account.ts';
import { readMode } from './mode.ts';

/**
 * Whether a requested account may still be in work on an earlier request. A new request overwrites
 * the mode, the state and the date, but not the return value. A claim clears the return value, and
 * work that ended has left one; nothing else writes it. So a request with a return value means that
 * no attempt is under way. The same holds for an add that is as old as its entry, to the second of
 * its stamps. Of any other request the entry alone cannot tell.
 */
export function mayHideWork({ mode, returnValue, createdAt, modifiedAt }: AccountRecord): boolean {
  const reading = readMode(mode);
  if (reading?.phase !== 'requested' || returnValue !== undefined) return false;
  return reading.mode !== 'add' || createdAt === undefined || createdAt !== modifiedAt;
}
