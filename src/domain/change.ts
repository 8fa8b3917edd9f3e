import type { DirectoryEntry } from './entry.ts';
import type { Fencing } from './fence.ts';

/**
 * What a subscription or a list tells the stream, whichever protocol it came by. `entry` carries the entry at the time of
 * the change, which need not be how it stands now; `left` says only that the entry is no longer among the open accounts.
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
      /** `refresh`: part of the initial content; `list`: found by the periodic list; the others are changes. */
      readonly change: 'refresh' | 'list' | 'add' | 'modify' | 'delete' | 'rename';
      readonly entry: DirectoryEntry;
      /** The DN before a rename, where the protocol says it. */
      readonly previousDn?: string;
    }
  | { readonly kind: 'left'; readonly dn: string; readonly entryUUID?: string }
  /** All open accounts have been sent; those not among them have left. `entries` counts them. */
  | {
      readonly kind: 'refreshed';
      readonly entries: number;
      readonly milliseconds: number;
      /** The directory's clock is at least this, in milliseconds since 1970, where it told. */
      readonly directoryTime?: number;
    }
  /** The periodic list is about to deliver its entries; `listed` ends it, as `refreshed` ends a refresh. */
  | { readonly kind: 'listing' }
  | { readonly kind: 'listed'; readonly entries: number; readonly milliseconds: number }
  | {
      readonly kind: 'disconnected';
      readonly url: string;
      readonly reason: string;
      readonly remedy?: string;
      /** The LDAP result code where the directory gave one. */
      readonly resultCode?: number;
    }
  | { readonly kind: 'reconnecting'; readonly url: string; readonly attempt: number; readonly inMilliseconds: number };

export type ProtocolName = 'syncrepl' | 'persistentSearch';
