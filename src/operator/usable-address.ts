import { connect } from 'node:net';
import { readAddress } from './listen-address.ts';

/** How long an address may take to accept a connection, in milliseconds. */
const TIMEOUT = 1_000;

/**
 * Chooses the address for a service that listens on several: the first one that accepts a
 * connection. Unix sockets come first, because only they take orders, and some users may use only
 * them. If none accepts a connection, it returns the first one, so that its failure is reported.
 */
export async function usableAddress(addresses: readonly string[]): Promise<string> {
  const [first = '', ...others] = unixFirst(addresses);
  for (const address of others.length === 0 ? [] : [first, ...others]) {
    if (await accepts(address)) return address;
  }
  return first;
}

function unixFirst(addresses: readonly string[]): string[] {
  const isUnix = (address: string) => readAddress(address).kind === 'unix';
  return [...addresses.filter(isUnix), ...addresses.filter((address) => !isUnix(address))];
}

function accepts(address: string): Promise<boolean> {
  const target = readAddress(address);
  const socket = target.kind === 'unix' ? connect(target.path) : connect(target.port, target.host);
  return new Promise((resolve) => {
    const finish = (accepted: boolean) => () => {
      socket.destroy();
      resolve(accepted);
    };
    socket.setTimeout(TIMEOUT, finish(false));
    socket.once('connect', finish(true));
    socket.on('error', finish(false));
  });
}
