import { connect } from 'node:net';
import { readAddress } from './listen-address.ts';

/** How long an address may take to accept a connection, in milliseconds. */
const TIMEOUT = 1_000;

/**
 * The address at which to ask a service that listens on several: the first that accepts a
 * connection, Unix sockets before others, as only they are for some users, and take orders. If none
 * does, it is the first of them, so that its failure is told.
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
    const finish = (is: boolean) => () => {
      socket.destroy();
      resolve(is);
    };
    socket.setTimeout(TIMEOUT, finish(false));
    socket.once('connect', finish(true));
    socket.on('error', finish(false));
  });
}
