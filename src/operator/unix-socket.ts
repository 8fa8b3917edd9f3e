import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { judgeFolderOf, OutputFault } from '../host/output-file.ts';
import { OperatorError } from './listen-address.ts';

const REACH_REMEDY = 'let the service access the folder';

/**
 * Prepares the path for a Unix socket: removes the socket file that a killed service left behind,
 * and nothing else. Throws an OperatorError if another process listens there, if the path is not a
 * socket, or if another user than root could redirect it.
 */
export async function prepareSocketPath(path: string): Promise<void> {
  try {
    judgeFolderOf(path);
  } catch (error) {
    if (!(error instanceof OutputFault))
      throw new OperatorError(`cannot examine ${path}: ${error}`, REACH_REMEDY, error);
    const remedy = 'give operator.listen a folder that only root can write to, such as /run/prov-backup-rsnapshot';
    throw new OperatorError(`${path} is not created: ${error.message}`, remedy, error);
  }
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new OperatorError(`cannot examine ${path}: ${error.message}`, REACH_REMEDY, error);
  });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new OperatorError(`${path} exists and is not a socket`, 'remove it, or give operator.listen another path');
  }
  if (await isListening(path)) {
    throw new OperatorError(`another service listens on ${path}`, 'stop it, or give operator.listen another path');
  }
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') {
      throw new OperatorError(`cannot remove the old socket ${path}: ${error.message}`, 'remove it', error);
    }
  });
}

/**
 * Runs `bind`, which must bind synchronously, so that the mode of the socket file is 0660 from the
 * beginning.
 */
export function withSocketMode<T>(bind: () => T): T {
  const before = process.umask(0o117);
  try {
    return bind();
  } finally {
    process.umask(before);
  }
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    // Only a refused connection proves that no process listens. A full queue or missing permissions
    // do not.
    socket.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
