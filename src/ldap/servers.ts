import { Resolver } from 'node:dns/promises';
import { DirectoryError } from '../domain/directory-error.ts';
import { systemCode } from '../host/host-fault.ts';
import { LdapUrlFault, readLdapUrl, readServers } from './ldap-url.ts';

/** A DNS record that names a server (RFC 2782). */
export interface SrvRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** Looks up the SRV records of a name. Rejects with an error of Node.js's resolver. */
export type ResolveSrv = (name: string) => Promise<readonly SrvRecord[]>;

export interface LookUpOptions {
  /** Default: the name servers of this host are asked. */
  readonly resolve?: ResolveSrv;
  /** Returns a random number in [0, 1). Default: Math.random. */
  readonly random?: () => number;
  /** Called for a domain that cannot be looked up if there are other servers. */
  readonly failed?: (error: DirectoryError) => void;
}

/**
 * Emits the URLs of the servers that may be connected to, in the order in which they are to be
 * tried. They are those of `directory.url`, with `srv:DOMAIN` replaced by the servers that DNS
 * names now. If nothing has to be looked up, the URLs are emitted synchronously, as an array.
 * Rejects with a DirectoryError if there is no server.
 */
export function currentUrls(
  written: readonly string[],
  options: LookUpOptions = {},
): readonly (readonly string[])[] | Promise<readonly string[]> {
  return written.some(isDomain) ? lookUp(written, options) : [written];
}

/**
 * Calls `attempt` for one server after the other, and resolves to the first result. If all fail, it
 * rejects with the DirectoryError of the last server. It rejects with any other error at once.
 */
export async function atFirstServer<T>(written: readonly string[], attempt: (url: string) => Promise<T>): Promise<T> {
  let last: unknown = new DirectoryError('no URL of a directory is configured', { remedy: 'set directory.url' });
  for (const url of await lookUp(written)) {
    try {
      return await attempt(url);
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error;
      last = error;
    }
  }
  throw last;
}

/** Resolves to the URLs of the servers that may be connected to now; see `currentUrls`. */
export async function lookUp(written: readonly string[], options: LookUpOptions = {}): Promise<readonly string[]> {
  const { resolve = resolveByDns, random = Math.random, failed = () => {} } = options;
  const errors: DirectoryError[] = [];
  const lists = await Promise.all(
    written.map(async (text) => {
      const servers = readServers(text);
      if (servers instanceof LdapUrlFault || servers.scheme !== 'srv') return [text];
      try {
        return await serversOf(servers.domain, resolve, random);
      } catch (error) {
        if (!(error instanceof DirectoryError)) throw error;
        errors.push(error);
        return [];
      }
    }),
  );
  const urls = [...new Set(lists.flat())];
  const [first] = errors;
  if (urls.length === 0 && first !== undefined) throw first;
  for (const error of errors) failed(error);
  return urls;
}

export function isDomain(written: string): boolean {
  const servers = readServers(written);
  return !(servers instanceof LdapUrlFault) && servers.scheme === 'srv';
}

async function serversOf(domain: string, resolve: ResolveSrv, random: () => number): Promise<readonly string[]> {
  const name = `_ldap._tcp.${domain}`;
  const records = await resolve(name).catch((cause: unknown) => {
    throw unresolved(domain, name, cause);
  });
  const urls = inOrder(records, random)
    .map(({ name: host, port }) => `ldap://${host.toLowerCase().replace(/\.$/, '')}:${port}`)
    .filter((url) => !(readLdapUrl(url) instanceof LdapUrlFault));
  if (urls.length > 0) return urls;
  throw new DirectoryError(`srv:${domain}: the records of ${name} name no server`, {
    remedy: 'a target of "." says that there is no directory: correct the records, or directory.url',
  });
}

const NO_RECORDS: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA', 'NOTFOUND', 'NODATA']);

function unresolved(domain: string, name: string, cause: unknown): DirectoryError {
  const code = systemCode(cause) ?? String(cause);
  if (NO_RECORDS.has(code)) {
    return new DirectoryError(`srv:${domain}: there are no SRV records of ${name} (${code})`, {
      remedy: `add one to the zone (${name}. SRV 0 100 389 ldap1.${domain}.), or correct directory.url`,
      cause,
    });
  }
  return new DirectoryError(`srv:${domain}: the name service does not answer for ${name} (${code})`, {
    remedy: 'check the name servers of this machine (/etc/resolv.conf)',
    cause,
  });
}

/**
 * Returns the records in the order in which their servers are to be tried (RFC 2782): by priority,
 * and among equal priorities at random, by weight.
 */
export function inOrder(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  // Records without weight come first, so that they have a small chance.
  const left = [...records].sort((one, other) => one.priority - other.priority || one.weight - other.weight);
  const order: SrvRecord[] = [];
  while (left.length > 0) {
    const equal = left.filter(({ priority }) => priority === left[0]?.priority);
    let rest = Math.floor(random() * (equal.reduce((sum, { weight }) => sum + weight, 0) + 1));
    const chosen = equal.find(({ weight }) => {
      rest -= weight;
      return rest <= 0;
    });
    const index = chosen === undefined ? 0 : left.indexOf(chosen);
    order.push(...left.splice(index, 1));
  }
  return order;
}

/**
 * The milliseconds until the next name server is asked, and the number of rounds through all name
 * servers.
 */
const RESOLVER = { timeout: 2_000, tries: 2 };

function resolveByDns(name: string): Promise<readonly SrvRecord[]> {
  return new Resolver(RESOLVER).resolveSrv(name);
}
