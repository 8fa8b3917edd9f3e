import type { DirectoryEntry } from './entry.ts';
import type { Fencing } from './fence.ts';

/**
 * What a subscription or a list reports to the stream, whatever the protocol. An `entry` is the
 * entry at the time of the change; it may have changed since. `left` means that the entry no longer
 * matches the filter of open accounts.
 */
export type DirectoryChange =
  | {
      readonly kind: 'connected';
      readonly url: string;
      readonly protocol: ProtocolName;
      readonly server: string;
      /** How this server refuses late requests. */
      readonly fencing: Fencing;
    }
  | { readonly kind: 'refreshing' }
  | {
      readonly kind: 'entry';
      /**
       * `refresh`: part of the initial content. `list`: found by the periodic list. The others are
       * changes.
       */
      readonly change: 'refresh' | 'list' | 'add' | 'modify' | 'delete' | 'rename';
      readonly entry: DirectoryEntry;
    }
  | { readonly kind: 'left'; readonly dn: string; readonly entryUUID?: string }
  /** All open accounts have been sent; any other account has left. `entries` is their number. */
  | { readonly kind: 'refreshed'; readonly entries: number; readonly milliseconds: number }
  /**
   * The periodic list begins to deliver entries. `listed` ends it, as `refreshed` ends a refresh.
   */
  | { readonly kind: 'listing' }
  | { readonly kind: 'listed' }
  | {
      readonly kind: 'disconnected';
      readonly url: string;
      readonly reason: string;
      readonly remedy?: string;
      /** The LDAP result code, if the directory sent one. */
      readonly resultCode?: number;
    }
  | { readonly kind: 'reconnecting'; readonly url: string; readonly attempt: number; readonly inMilliseconds: number };

export type ProtocolName = 'syncrepl' | 'persistentSearch';
