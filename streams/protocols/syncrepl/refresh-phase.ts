/**
 * What a synchronization message means if no cookie was sent, so that the refresh is the whole
 * content.
 *
 * refresh -> persist   the first refreshDelete or refreshPresent with refreshDone (RFC 4533,
 *                      section 3.4)
 */
import type { SyncInfo, SyncStateName } from './codec.ts';

export type Phase = 'refresh' | 'persist';

/**
 * What the state of an entry means. `unchanged`: the entry is known already, and there is nothing
 * to report.
 */
export type EntryMeaning = 'refresh' | 'add' | 'modify' | 'left' | 'unchanged';

/**
 * Returns the meaning of a state. `delete` means that the entry left the searched content, not that
 * it was deleted.
 */
export function meaningOf(phase: Phase, state: SyncStateName): EntryMeaning {
  switch (state) {
    case 'present':
      return 'unchanged';
    case 'delete':
      return 'left';
    case 'add':
    case 'modify':
      return phase === 'refresh' ? 'refresh' : state;
  }
}

/** Returns the phase after a syncInfo, and the UUIDs of the entries that have left. */
export function afterInfo(phase: Phase, info: SyncInfo): { readonly phase: Phase; readonly left: readonly Buffer[] } {
  switch (info.kind) {
    case 'newCookie':
      return { phase, left: [] };
    case 'refreshDelete':
    case 'refreshPresent':
      return { phase: info.refreshDone ? 'persist' : phase, left: [] };
    case 'syncIdSet':
      return { phase, left: info.refreshDeletes ? info.syncUUIDs : [] };
  }
}
