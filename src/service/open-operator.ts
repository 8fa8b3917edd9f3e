import { chown } from 'node:fs/promises';
import type { Settings } from '../../config/schema.ts';
import { errorText } from '../domain/error-text.ts';
import { shortageIn } from '../host/shortage.ts';
import { programVersion } from '../host/version.ts';
import { readPageFile } from '../operator/page-files.ts';
import type { Operator, OperatorOptions } from '../operator/server.ts';
import { groupNumber } from '../script/group-number.ts';

/** The parts of the service that the operator interface shows. */
type OperatorSource = Pick<
  OperatorOptions,
  'events$' | 'accounts' | 'leases' | 'notify' | 'outlets' | 'canary' | 'pauses' | 'control' | 'limitMilliseconds'
>;

type Notice = (message: string, level: 'error') => void;

/**
 * Opens the operator interface if the settings say so. For each address that cannot be opened,
 * `notice` is called with the reason, and the service runs without it.
 */
export async function openOperatorInterface(
  settings: Settings,
  source: OperatorSource,
  notice: Notice,
): Promise<Pick<Operator, 'close'> | undefined> {
  const { listen, group, allowRemote } = settings.operator;
  if (listen === null) return undefined;
  const { openOperator } = await import('../operator/server.ts');
  const { eventsWithin, recentHistory } = await import('../journal/recent-history.ts');
  const { directory } = settings.journal;
  const operator = openOperator({
    allowRemote,
    ...source,
    version: programVersion(),
    now: Date.now,
    history: {
      ofAccount: (uid, recent) => recentHistory(uid, { directory, recent }),
      within: (since, until) => eventsWithin(directory, since, until),
    },
    page: readPageFile,
  });
  for (const address of listen) {
    const listens = await listenOn(operator, address, notice);
    if (listens && group !== null) await giveToGroup(address, group, notice);
  }
  return operator;
}

/** Resolves to whether the interface listens on the address. */
async function listenOn(operator: Operator, address: string, notice: Notice): Promise<boolean> {
  const { OperatorError } = await import('../operator/listen-address.ts');
  try {
    await operator.listen(address);
    return true;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const { message, remedy } = shortageIn(error) ?? error;
    notice(`no operator interface: ${message}; ${remedy}`, 'error');
    return false;
  }
}

/**
 * Lets the members of the group use the socket. If that is not possible, its owner can, and
 * `notice` is called with the reason.
 */
async function giveToGroup(listen: string, group: string, notice: Notice): Promise<void> {
  const { readAddress } = await import('../operator/listen-address.ts');
  const address = readAddress(listen);
  if (address.kind !== 'unix') return;
  try {
    const number = await groupNumber(group);
    if (number === undefined) throw new Error('no group of this host');
    await chown(address.path, -1, number);
  } catch (error) {
    const reason = errorText(error);
    notice(`the operator socket cannot be given to the group ${group} (${reason}); check operator.group`, 'error');
  }
}
