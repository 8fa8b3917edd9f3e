import type { IncomingMessage } from 'node:http';
import { ORDER_NAMES } from '../domain/control.ts';
import { isLoopbackName } from '../domain/loopback.ts';

export interface Refusal {
  readonly status: 400 | 403 | 405 | 408 | 417 | 421 | 431;
  readonly reason: string;
}

/**
 * The parts of a request that show whether a program on this host or a web page in a browser has
 * sent it, and whether it is meant for this server.
 */
export interface RequestFacts {
  readonly method: string;
  /** The request target: a path, or an absolute URI as for a proxy (RFC 9112, section 3.2). */
  readonly target: string;
  /** The values of all Host headers. */
  readonly hosts: readonly string[];
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
}

export function factsOf({ method = '', url = '', headers, headersDistinct }: IncomingMessage): RequestFacts {
  const site = headers['sec-fetch-site'];
  return {
    method,
    target: url,
    hosts: headersDistinct['host'] ?? [],
    origin: headers.origin,
    fetchSite: Array.isArray(site) ? site[0] : site,
  };
}

/**
 * Returns why a request is refused, or undefined if it is accepted.
 *
 * A foreign web page in a browser on this host can reach a loopback port in two ways. It can use a
 * name of its own that resolves to loopback, so Host must be a loopback name. Or it can connect
 * directly, so a request with an Origin header, or from another site, is refused. The requests of
 * the live page come from the same origin. They have no Origin header, because they only read and
 * the script of the page is not a module. Another port of this host is another origin
 * (`same-site`).
 *
 * A request that two parsers could read differently is refused, too. The port is not compared,
 * because the port of a tunnel (ssh -L) differs from this one. An order is accepted only where the
 * server takes orders, and only if no browser has sent it.
 */
export function refusalOf(facts: RequestFacts, { host, takesOrders }: Place): Refusal | undefined {
  const { method, origin, fetchSite } = facts;
  const hostRefusal = faultOfHosts(facts, host);
  if (hostRefusal !== undefined) return hostRefusal;
  if (origin !== undefined) return { status: 403, reason: 'requests from web pages are refused (Origin)' };
  if (fetchSite !== undefined && fetchSite !== 'none' && fetchSite !== 'same-origin') {
    return { status: 403, reason: 'requests from web pages are refused (Sec-Fetch-Site)' };
  }
  if (method === 'GET' || method === 'HEAD') return undefined;
  if (!isOrder(facts)) return READS_ONLY;
  if (!takesOrders) return NO_ORDERS;
  return fetchSite === undefined ? undefined : { status: 403, reason: 'orders from browsers are refused' };
}

/** Where a server listens. */
export interface Place {
  /** The host that requests may name in addition to the loopback names. */
  readonly host: string;
  /** True on a Unix socket, which only the operators (its owner and group) can use. */
  readonly takesOrders: boolean;
}

const NO_ORDERS: Refusal = {
  status: 403,
  reason: 'orders are taken on a Unix socket only: set operator.listen to unix:/path',
};

const ORDER_PATHS: ReadonlySet<string> = new Set(ORDER_NAMES.map((name) => `/${name}`));

function isOrder({ method, target }: RequestFacts): boolean {
  return method === 'POST' && ORDER_PATHS.has(target);
}

export const READS_ONLY: Refusal = { status: 405, reason: 'this interface only reads: use GET' };

const HOSTS_REMEDY = 'use 127.0.0.1, [::1] or localhost';

function faultOfHosts({ target, hosts }: RequestFacts, listenHost: string): Refusal | undefined {
  const [host] = hosts;
  if (host === undefined) return { status: 400, reason: `the Host header is missing: ${HOSTS_REMEDY}` };
  if (hosts.length > 1) return { status: 400, reason: 'there is more than one Host header: send one' };
  const name = hostName(host);
  if (name === undefined)
    return { status: 400, reason: `the Host header is not a host with or without a port: ${HOSTS_REMEDY}` };
  const isOwn = (each: string) => isLoopbackName(each) || each === listenHost.toLowerCase();
  if (!isOwn(name)) return { status: 403, reason: `the Host header must name this host: ${HOSTS_REMEDY}` };
  if (target.startsWith('/')) return undefined;
  const absolute = hostName(/^http:\/\/([^/?#]*)/i.exec(target)?.[1]);
  if (absolute === undefined) return { status: 400, reason: 'the request target is not a path: begin it with /' };
  if (!isOwn(absolute)) return { status: 421, reason: `the request target must name this host: ${HOSTS_REMEDY}` };
  return undefined;
}

/**
 * The host of a Host header (RFC 9110, section 7.2) in lower case, without port; undefined if it is
 * malformed.
 */
function hostName(header: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::(\d{1,5}))?$/i.exec(header ?? '');
  const port = Number(match?.[3] ?? 80);
  return port < 1 || port > 65_535 ? undefined : (match?.[1] ?? match?.[2])?.toLowerCase();
}
