/** The conflicts of a claim, in words for the operator. */
export const Conflict = {
  changedBefore: 'somebody else changed the account before it was claimed',
  changedAfter: 'somebody changed the account right after it was claimed',
  anotherEntry: 'the entry was renamed, or deleted and created again, before it was claimed',
  changedBeforeUndo: 'somebody else changed the account before its claim was taken back',
  anotherUser: 'the uidNumber of the account changed right before it was claimed',
  neverKept: 'the account says something else every time, right after it was claimed',
  findTheWriter: 'find out who writes to it, or why the directory does not keep what it accepts',
  becameActive: 'the account became active before it was claimed for delete',
} as const;

/**
 * A claim with more conflicts is given up: the directory contradicts itself, or another writer
 * never stops.
 */
export const MOST_CONFLICTS = 20;
