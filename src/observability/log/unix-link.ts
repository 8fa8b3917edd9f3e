import { startDatagrams } from '../datagrams.ts';
import type { Link } from './stream-sink.ts';

/** One line for the helper process. */
export function datagramLine(message: Buffer): Buffer {
  return Buffer.concat([message, Buffer.from('\n')]);
}

/**
 * Opens a link to a datagram socket of this host, such as /dev/log. Lines wait until the receiver
 * takes them, so that a restart of the receiver loses nothing.
 */
export function openUnixLink(path: string) {
  return (up: () => void, down: (reason: string) => void, stalled: (reason: string) => void): Link => {
    const helper = startDatagrams({
      path,
      policy: 'keep',
      title: 'log',
      ready: up,
      stalled: () => stalled('nothing reads from the socket'),
      ended: (reason) => down(`the helper process ended (${reason})`),
    });
    return { stream: helper.input, destroy: () => helper.kill() };
  };
}
