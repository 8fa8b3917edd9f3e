import type { Socket } from 'node:net';
import ldapjs from 'ldapjs';
import type { Directory, EntryChange } from './directory.ts';
import { Session } from './session.ts';

export interface ServerHandle {
  readonly port: number;
  /** Ends every connection and closes the port. */
  stop(): Promise<void>;
}

/**
 * Serves the directory on 127.0.0.1 with ldapjs's server. ldapjs hands over each connection as it comes (`connectionRouter`), and
 * a Session reads the requests from it: ldapjs's own parsing turns values into text, writes attribute names in lower case, refuses
 * empty values, knows no abandon, and a malformed message ends the process. Port 0 takes a free one; rejects where the port
 * cannot be had.
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
  server.on('error', () => {}); // a connection that could not be accepted; the others go on
  return {
    port: Number(new URL(server.url).port),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sessions.keys()) socket.destroy();
      }),
  };
}
