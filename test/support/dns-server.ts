import { createSocket, type Socket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import type { ResolveSrv, SrvRecord } from '../../src/ldap/servers.ts';

/** The answer to a query: records, or a response code (RFC 1035, section 4.1.1), or none at all. */
export type DnsAnswer = readonly SrvRecord[] | 'nameError' | 'serverFailure' | 'silence';

const CODES = { nameError: 3, serverFailure: 2 } as const;
const SRV = 33;
const IN = 1;

/**
 * A name server on a port of 127.0.0.1 that answers queries for SRV records. Call `stop` at the
 * end.
 */
export class DnsServer {
  /** The names that it was asked for. */
  readonly asked: string[] = [];
  answer: DnsAnswer = 'nameError';
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (query, { port, address }) => {
      const response = this.#respond(query);
      if (response !== undefined) socket.send(response, port, address);
    });
  }

  static async start(): Promise<DnsServer> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new DnsServer(socket);
  }

  /** Queries this server as the service queries the name servers of its host. */
  readonly resolve: ResolveSrv = (name) => {
    const resolver = new Resolver({ timeout: 200, tries: 1 });
    resolver.setServers([`127.0.0.1:${this.#socket.address().port}`]);
    return resolver.resolveSrv(name);
  };

  async stop(): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  #respond(query: Buffer): Buffer | undefined {
    const { name, end } = readName(query);
    this.asked.push(name);
    if (this.answer === 'silence') return undefined;
    const records = typeof this.answer === 'string' ? [] : this.answer;
    const code = typeof this.answer === 'string' ? CODES[this.answer] : 0;
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8180 | code, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    return Buffer.concat([header, query.subarray(12, end + 4), ...records.map(encodeRecord)]);
  }
}

/** The name of the question, and where it ends. */
function readName(query: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), end: at + 1 };
}

function encodeRecord({ name, port, priority, weight }: SrvRecord): Buffer {
  const target = encodeName(name);
  const head = Buffer.alloc(18);
  head.writeUInt16BE(0xc00c, 0); // the name of the question
  head.writeUInt16BE(SRV, 2);
  head.writeUInt16BE(IN, 4);
  head.writeUInt16BE(6 + target.length, 10);
  head.writeUInt16BE(priority, 12);
  head.writeUInt16BE(weight, 14);
  head.writeUInt16BE(port, 16);
  return Buffer.concat([head, target]);
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([...labels.map((label) => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.of(0)]);
}
