import { connect } from 'node:net';
import { errorText } from '../../domain/error-text.ts';
import type { Link } from './stream-sink.ts';

/**
 * Frames a message for a TCP stream: its length in bytes, a space, the message (octet counting, RFC
 * 6587, section 3.4.1).
 */
export function frameByOctetCount(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

/**
 * Opens a link to a syslog server over TCP. `up` and `down` are called as `StreamSinkOptions.open`
 * says.
 */
export function openTcpLink(address: { readonly host: string; readonly port: number }) {
  return (up: () => void, down: (reason: string) => void): Link => {
    const socket = connect({ ...address, keepAlive: true, keepAliveInitialDelay: 30_000 });
    let reason = 'the server closed the connection';
    socket.unref();
    socket.on('connect', up);
    socket.on('error', (error) => {
      reason = errorText(error);
    });
    socket.on('close', () => down(reason));
    socket.resume();
    return { stream: socket, destroy: () => socket.destroy() };
  };
}
