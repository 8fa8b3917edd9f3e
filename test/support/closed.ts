import type { Socket } from 'node:net';

/** Resolves when the socket has closed, by whatever: a peer that resets it is no error here, as it is to `events.once`. */
export async function closed(socket: Socket): Promise<void> {
  if (socket.closed) return;
  socket.on('error', () => {});
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
}
