import { isLoopbackHost } from '../../src/domain/loopback.ts';
import { isLine, kind, Mismatch } from './kind.ts';

/**
 * The addresses of the operator interface as text, one or a list: HOST:PORT, [IPv6]:PORT or
 * unix:/PATH.
 */
export const listenAddresses = kind<readonly string[]>(
  'HOST:PORT | unix:PATH, or list',
  'an address such as 127.0.0.1:9465, [::1]:9465 or unix:/run/prov-backup-rsnapshot/operator.sock, or a list of these',
  (given) => {
    const addresses: readonly unknown[] = Array.isArray(given) ? given : [given];
    if (addresses.length === 0) return new Mismatch('the list is empty');
    const read: string[] = [];
    for (const [index, each] of addresses.entries()) {
      const address = readListenAddress(each);
      const number = addresses.length === 1 ? '' : `number ${index + 1}`;
      if (address instanceof Mismatch) return withPlace(address, number);
      if (read.includes(address)) return new Mismatch(`${address} occurs twice`);
      read.push(address);
    }
    return read;
  },
);

function withPlace({ hint }: Mismatch, place: string): Mismatch {
  const words = [place, hint].filter((part) => part !== undefined && part !== '').join(': ');
  return words === '' ? new Mismatch() : new Mismatch(words);
}

function readListenAddress(given: unknown): string | Mismatch {
  if (typeof given === 'number') return new Mismatch(`the host is missing: 127.0.0.1:${given}?`);
  if (!isLine(given)) return new Mismatch();
  if (given.startsWith('unix:')) {
    const path = given.slice('unix:'.length);
    return path.startsWith('/') ? given : new Mismatch('the path of the socket must be absolute');
  }
  const address = parseHostAndPort(given);
  return address instanceof Mismatch ? address : given;
}

/** The address of syslog: a socket of this host, or a server. */
export type SyslogAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'udp' | 'tcp'; readonly host: string; readonly port: number };

export interface SyslogTarget {
  readonly address: SyslogAddress;
  readonly facility: Facility;
  /**
   * The form of a message. `auto`: RFC 5424 for a server, and the form of syslog(3) for a socket of
   * this host, because receivers there understand only that.
   */
  readonly protocol: SyslogProtocol;
}

const FACILITIES = [
  'daemon',
  'user',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
] as const;

type Facility = (typeof FACILITIES)[number];

const PROTOCOLS = ['auto', 'rfc5424', 'local'] as const;

type SyslogProtocol = (typeof PROTOCOLS)[number];

const SYSLOG_PORT = { udp: 514, tcp: 601 } as const;

/**
 * An address, alone or as `{ address, facility, protocol }`. Defaults: facility local0, protocol
 * auto.
 */
export const syslogTarget = kind<SyslogTarget>(
  '/dev/log | udp://HOST:PORT | tcp://HOST:PORT | { address, facility, protocol }',
  '/dev/log, udp://HOST:PORT or tcp://HOST:PORT, alone or as { address: /dev/log, facility: local0 }',
  (given) => {
    const options = isRecord(given) ? given : { address: given };
    const { address: written, facility: facilityName = 'local0', protocol: protocolName = 'auto', ...others } = options;
    const unknown = Object.keys(others)[0];
    if (unknown !== undefined) return new Mismatch(`${JSON.stringify(unknown)} is unknown`);
    const address = isLine(written) ? parseSyslogAddress(written) : new Mismatch('the address is missing');
    if (address instanceof Mismatch) return address;
    const facility = FACILITIES.find((name) => name === facilityName);
    if (facility === undefined) return new Mismatch(`the facility must be one of ${FACILITIES.join(', ')}`);
    const protocol = PROTOCOLS.find((name) => name === protocolName);
    if (protocol === undefined) return new Mismatch(`the protocol must be one of ${PROTOCOLS.join(', ')}`);
    return { address, facility, protocol };
  },
);

function parseSyslogAddress(given: string): SyslogAddress | Mismatch {
  if (given.startsWith('/')) return { kind: 'unix', path: given };
  const match = /^(udp|tcp):\/\/([^/]+)\/?$/.exec(given);
  const protocol = match?.[1];
  if (match?.[2] === undefined || (protocol !== 'udp' && protocol !== 'tcp')) return new Mismatch();
  const address = parseHostAndPort(match[2], SYSLOG_PORT[protocol]);
  return address instanceof Mismatch ? address : { kind: protocol, host: address.host, port: address.port };
}

function isRecord(given: unknown): given is Readonly<Record<string, unknown>> {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}

/** Reads `HOST:PORT` or `[IPv6]:PORT`. The port is optional if there is a `usualPort`. */
function parseHostAndPort(
  given: string,
  usualPort?: number,
): { readonly kind: 'tcp'; readonly host: string; readonly port: number } | Mismatch {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s/]+))(?::(\d{1,5}))?$/.exec(given);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined) return new Mismatch('HOST:PORT, an IPv6 address in brackets');
  const port = match?.[3] === undefined ? usualPort : Number(match[3]);
  if (port === undefined) return new Mismatch('the port is missing');
  return port <= 65_535 && (port > 0 || usualPort === undefined)
    ? { kind: 'tcp', host, port }
    : new Mismatch('a port is a number from 1 to 65535');
}

/** Whether an address that `listenAddresses` has accepted can be reached only from this host. */
export function isLoopbackAddress(listen: string): boolean {
  const address = listen.startsWith('unix:') ? undefined : parseHostAndPort(listen);
  return address === undefined || (!(address instanceof Mismatch) && isLoopbackHost(address.host));
}
