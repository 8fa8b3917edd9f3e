/**
 * What a synchronization message means where no cookie was given, so that the refresh is the whole
 * content.
 *
 * refresh -> persist, at the first refreshDelete or refreshPresent that says refreshDone (RFC 4533,
 * section 3.4)
 */
import type { SyncInfo, SyncStateName } from './codec.ts';

export type Phase = 'refresh' | 'persist';

/** What an entry's state says of it. `unchanged`: known already, nothing to tell. */
export type EntryMeaning = 'refresh' | 'add' | 'modify' | 'left' | 'unchanged';

/** `delete` says that the entry left the searched content, not that somebody deleted it. */
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

/** Where a syncInfo leads to, and the UUIDs of the entries that left. */
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
