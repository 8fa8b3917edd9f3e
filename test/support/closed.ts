import type { Socket } from 'node:net';

/**
 * Resolves when the socket is closed. Unlike `events.once` it does not reject if the peer resets
 * the connection.
 */
export async function closed(socket: Socket): Promise<void> {
  if (socket.closed) return;
  socket.on('error', () => {});
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
}
