import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Settings } from '../../config/schema.ts';
import { defined } from '../domain/defined.ts';
import type { OutletHealth } from '../domain/status.ts';
import type { Journal } from '../journal/journal.ts';
import type { Log } from '../observability/log.ts';

/** Returns the state of everything that a service writes to, other than the directory. */
export function outletsOf(
  { file, syslog }: Settings['log'],
  log: Pick<Log, 'outlets'>,
  journal: Pick<Journal, 'health'> | undefined,
): OutletHealth[] {
  const outlets: OutletHealth[] = [];
  const health = log.outlets();
  if (file !== null && health.file !== undefined)
    outlets.push({ outlet: 'log file', where: file, ...health.file, ...freeAt(dirname(file)) });
  if (syslog !== null && health.syslog !== undefined)
    outlets.push({ outlet: 'syslog', where: addressText(syslog.address), ...health.syslog });
  if (journal !== undefined) {
    const { directory, lostEvents, failure } = journal.health();
    outlets.push({
      outlet: 'journal',
      where: directory,
      lost: lostEvents,
      ...defined({ failure }),
      ...freeAt(directory),
    });
  }
  return outlets;
}

/** The address as text, such as `/dev/log` or `tcp://log.example.org:601`. */
export function addressText(address: NonNullable<Settings['log']['syslog']>['address']): string {
  return address.kind === 'unix' ? address.path : `${address.kind}://${address.host}:${address.port}`;
}

/**
 * The free bytes on the file system of a folder. The field is left out if the system does not say.
 */
function freeAt(folder: string): { readonly freeBytes?: number } {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return { freeBytes: bavail * bsize };
  } catch {
    return {};
  }
}
