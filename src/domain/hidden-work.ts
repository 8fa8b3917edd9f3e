import type { AccountRecord } from './account.ts';
import { readMode } from './mode.ts';

/**
 * Whether a requested account may hide that a service is still at work on an earlier request. Whoever asks writes over the
 * mode, the state and the date, but not over the return value: a claim clears it, work that ended has left one, and nobody
 * else writes any. So a request with a return value is about an account that nobody is at work on, and likewise an add that is
 * as old as its entry (by the second, as stamps have it); of all others the entry alone cannot tell.
 */
export function mayHideWork({ mode, returnValue, createdAt, modifiedAt }: AccountRecord): boolean {
  const reading = readMode(mode);
  if (reading?.phase !== 'requested' || returnValue !== undefined) return false;
  return reading.mode !== 'add' || createdAt === undefined || createdAt !== modifiedAt;
}
