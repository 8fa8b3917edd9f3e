import type { Socket } from 'node:net';
import ldapjs from 'ldapjs';
import type { Directory, EntryChange } from './directory.ts';
import { Session } from './session.ts';

export interface ServerHandle {
  readonly port: number;
  /** Closes every connection and the port. */
  stop(): Promise<void>;
}

/**
 * Serves the directory on 127.0.0.1. ldapjs's server accepts the connections (`connectionRouter`),
 * and a Session reads the requests. ldapjs's own parsing is not used: it turns values into text,
 * writes attribute names in lower case, refuses empty values, does not know abandon, and ends the
 * process at a malformed message. Port 0 selects a free one. Rejects if it cannot listen.
 */
export async function serve(directory: Directory, port: number): Promise<ServerHandle> {
  const sessions = new Map<Socket, Session>();
  const publish = (change: EntryChange) => {
    for (const session of sessions.values()) session.notify(change);
  };
  const connectionRouter = (socket: Socket) => {
    sessions.set(socket, new Session(socket, directory, publish));
    socket.on('close', () => sessions.delete(socket));
  };
  const options: ldapjs.ServerOptions & { connectionRouter: typeof connectionRouter } = { connectionRouter };
  const server = ldapjs.createServer(options);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  server.removeAllListeners('error');
  server.on('error', () => {}); // a connection could not be accepted; the others continue
  return {
    port: Number(new URL(server.url).port),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sessions.keys()) socket.destroy();
      }),
  };
}
