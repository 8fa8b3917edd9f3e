import { chown } from 'node:fs/promises';
import type { Settings } from '../config/schema.ts';
import { shortageIn } from './host/shortage.ts';
import type { OperatorServer, OperatorServerOptions } from './operator/server.ts';
import { groupNumber } from './operator-group.ts';
import { readPageFile } from './page-files.ts';
import { programVersion } from './version.ts';

/** What the interface tells of. */
type OperatorSource = Pick<
  OperatorServerOptions,
  'events$' | 'accounts' | 'leases' | 'journal' | 'notify' | 'pauses' | 'control' | 'limitMilliseconds'
>;

/**
 * Opens the operator interface if the settings say so. If it cannot be opened, `notice` is called
 * with the reason, and the service runs without it.
 */
export async function openOperatorInterface(
  settings: Settings,
  source: OperatorSource,
  notice: (message: string, level: 'error') => void,
): Promise<OperatorServer | undefined> {
  const { listen, group, allowRemote } = settings.operator;
  if (listen === null) return undefined;
  const { OperatorError } = await import('./operator/listen-address.ts');
  const { startOperatorServer } = await import('./operator/server.ts');
  const { eventsWithin, recentHistory } = await import('./journal/recent-history.ts');
  const { directory } = settings.journal;
  try {
    const version = programVersion();
    const server = await startOperatorServer({
      listen,
      allowRemote,
      ...source,
      version,
      now: Date.now,
      history: {
        ofAccount: (uid, recent) => recentHistory(uid, { directory, recent }),
        within: (since, until) => eventsWithin(directory, since, until),
      },
      page: readPageFile,
    });
    if (group !== null) await giveToGroup(listen, group, notice);
    return server;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const { message, remedy } = shortageIn(error) ?? error;
    notice(`no operator interface: ${message}; ${remedy}`, 'error');
    return undefined;
  }
}

/**
 * Lets the members of the group use the socket. If that is not possible, its owner can, and
 * `notice` is called with the reason.
 */
async function giveToGroup(
  listen: string,
  group: string,
  notice: (message: string, level: 'error') => void,
): Promise<void> {
  const { readAddress } = await import('./operator/listen-address.ts');
  const address = readAddress(listen);
  if (address.kind !== 'unix') return;
  try {
    const number = await groupNumber(group);
    if (number === undefined) throw new Error('no group of this host');
    await chown(address.path, -1, number);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    notice(`the operator socket cannot be given to the group ${group} (${reason}); see to operator.group`, 'error');
  }
}
