import { type MonoTypeOperatorFunction, tap } from 'rxjs';
import type { DirectoryChange } from '../../src/domain/change.ts';
import type { Report } from '../../src/domain/event.ts';

/** Reports the events of the connection, and passes all changes on. */
export function reportConnection(report: Report): MonoTypeOperatorFunction<DirectoryChange> {
  return tap((change) => {
    switch (change.kind) {
      case 'refreshed': {
        const { entries, milliseconds } = change;
        report({ event: 'refreshed', entries, milliseconds });
        break;
      }
      case 'connected': {
        const { url, protocol, server } = change;
        report({ event: 'connected', url, protocol, server });
        break;
      }
      case 'refreshing':
      case 'disconnected':
      case 'reconnecting': {
        const { kind, ...particulars } = change;
        report({ event: kind, ...particulars } as Parameters<Report>[0]);
        break;
      }
      case 'entry':
      case 'left':
      case 'listing':
      case 'listed':
        break;
    }
  });
}
