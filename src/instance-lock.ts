import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { comparableDn } from './domain/dn.ts';

/** Somebody on this host holds the lock. */
export class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning';
}

/**
 * Sees to it that one service at a time works on the accounts below a base on this host. The lock is a name in Linux's abstract
 * socket namespace: the kernel frees it with the process, however that ends, so none is ever left behind. Resolves to what
 * frees it; rejects with `AlreadyRunning`.
 */
export async function lockInstance(urls: readonly string[], base: string): Promise<() => void> {
  const held: Server[] = [];
  const release = (): void => {
    for (const server of held) server.close();
  };
  try {
    for (const url of urls) held.push(await listen(nameOf(url, base)));
    return release;
  } catch (error) {
    release();
    throw error;
  }
}

function nameOf(url: string, base: string): string {
  const what = `${url.toLowerCase().replace(/\/+$/, '')}\n${comparableDn(base)}`;
  return `\0prov-backup-rsnapshot-${createHash('sha256').update(what).digest('hex').slice(0, 32)}`;
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => {
      const taken = 'code' in error && error.code === 'EADDRINUSE';
      reject(
        taken
          ? new AlreadyRunning(
              'a service for the same directory and base runs on this host already; stop it first, or set instances: several where more than one is wanted',
            )
          : error,
      );
    });
    server.listen({ path }, () => {
      server.unref();
      resolve(server);
    });
  });
}
