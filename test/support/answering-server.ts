import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { element, enumerated, octetString } from '../../src/ldap/wire/ber.ts';
import { encodeMessage, Operation, readMessage } from '../../src/ldap/wire/message.ts';
import { LdapFramer } from './ldap-framer.ts';

interface AnsweringServer {
  readonly url: string;
  /** The number of connections so far. */
  connections(): number;
  close(): void;
}

/** A server that accepts every bind. It calls `asked` for every other request. */
export async function answeringServer(
  asked: (socket: Socket, id: number) => void,
  address = '127.0.0.1',
): Promise<AnsweringServer> {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    const framer = new LdapFramer();
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      for (const { bytes, operation } of framer.push(chunk)) {
        const { id } = readMessage(bytes);
        const bound = element(Operation.bindResponse, enumerated(0), octetString(''), octetString(''));
        if (operation === 'bindRequest') socket.write(encodeMessage(id, bound));
        else if (operation !== 'unbindRequest') asked(socket, id);
      }
    });
  }).listen(0, address);
  await once(server, 'listening');
  return {
    url: `ldap://${address.includes(':') ? `[${address}]` : address}:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
