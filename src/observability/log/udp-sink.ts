import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns';
import type { LogLine } from './log-line.ts';
import type { OnProblem, Sink } from './sink.ts';

/** After so many messages the name is looked up again, as a server may move. */
const MESSAGES_PER_LOOKUP = 1_000;
/** So many messages wait for the first look-up. */
const MOST_WAITING = 1_000;
const CLOSE_WITHIN = 2_000;

/** Each line one datagram to a syslog server (RFC 5426). Nobody says whether it arrived. */
export function createUdpSink(
  address: { readonly host: string; readonly port: number },
  render: (line: LogLine) => Buffer,
  onProblem: OnProblem,
): Sink {
  const sockets = new Map<number, Socket>();
  let target: { readonly ip: string; readonly socket: Socket } | undefined;
  const waiting: Buffer[] = [];
  let untilLookup = 0;
  let lookingUp = false;
  let inFlight = 0;
  let closed: (() => void) | undefined;
  let told = false;

  const problem = (error: Error): void => {
    if (!told) onProblem(`syslog at udp://${address.host}:${address.port} cannot be reached (${error.message})`);
    told = true;
  };

  const settle = (): void => {
    if (inFlight === 0 && !lookingUp) closed?.();
  };

  const socketFor = (family: number): Socket => {
    const known = sockets.get(family);
    if (known !== undefined) return known;
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    socket.unref();
    socket.on('error', problem);
    sockets.set(family, socket);
    return socket;
  };

  const send = (message: Buffer): void => {
    if (target === undefined) return;
    inFlight += 1;
    untilLookup -= 1;
    target.socket.send(message, address.port, target.ip, (error) => {
      inFlight -= 1;
      if (error === null) told = false;
      else problem(error);
      settle();
    });
  };

  const lookUp = (): void => {
    lookingUp = true;
    lookup(address.host, (error, ip, family) => {
      lookingUp = false;
      if (error === null) target = { ip, socket: socketFor(family) };
      else problem(error);
      untilLookup = MESSAGES_PER_LOOKUP;
      for (const message of waiting.splice(0)) send(message);
      settle();
    });
  };

  return {
    write: (line) => {
      if (closed !== undefined) return;
      const message = render(line);
      if (untilLookup > 0 && !lookingUp) send(message);
      else if (waiting.length < MOST_WAITING) waiting.push(message);
      if (untilLookup <= 0 && !lookingUp) lookUp();
    },
    close: () =>
      new Promise((resolve) => {
        const deadline = setTimeout(() => closed?.(), CLOSE_WITHIN);
        closed = (): void => {
          clearTimeout(deadline);
          for (const socket of sockets.values()) socket.close();
          sockets.clear();
          closed = (): void => {};
          resolve();
        };
        settle();
      }),
  };
}
