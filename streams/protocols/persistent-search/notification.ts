import type { DirectoryChange } from '../../../src/domain/change.ts';
import type { DirectoryEntry } from '../../../src/domain/entry.ts';
import type { EntryChangeNotification } from './codec.ts';

/**
 * What an entry of a persistent search tells; without a notification it is of the content that was
 * there at the start.
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
