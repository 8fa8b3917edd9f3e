import type { DirectoryChange } from '../../../src/domain/change.ts';
import type { DirectoryEntry } from '../../../src/domain/entry.ts';
import type { EntryChangeNotification } from './codec.ts';

/**
 * Returns the change that an entry of a persistent search reports. An entry without a notification
 * belongs to the content that was there at the start.
 */
export function changeOf(entry: DirectoryEntry, notification: EntryChangeNotification | undefined): DirectoryChange {
  switch (notification?.changeType) {
    case undefined:
      return { kind: 'entry', change: 'refresh', entry };
    case 'add':
    case 'modify':
      return { kind: 'entry', change: notification.changeType, entry };
    case 'modDN':
      return { kind: 'entry', change: 'rename', entry };
    case 'delete':
      return { kind: 'left', dn: entry.dn };
  }
}
