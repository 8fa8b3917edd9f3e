import { isLoopbackHost } from '../domain/loopback.ts';

export interface Refusal {
  readonly status: 403 | 405;
  readonly reason: string;
}

/** The headers that tell a program of this host from a web page in a browser on it. */
export interface RequestFacts {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
}

/**
 * Why a request is refused, or undefined where it may pass. A page from elsewhere that a browser on this host shows can
 * reach a loopback port: by a name of its own that resolves to it (so only loopback names pass as Host), or directly (so
 * whatever carries an Origin, or says that it comes from another site, is refused). Nothing can be changed here at all.
 */
export function refuse({ method, host, origin, fetchSite }: RequestFacts, listenHost: string): Refusal | undefined {
  const name = hostName(host);
  if (name === undefined || !(isLoopbackHost(name) || name === listenHost.toLowerCase())) {
    return { status: 403, reason: 'the Host header must name this host: use 127.0.0.1, [::1] or localhost' };
  }
  if (origin !== undefined) return { status: 403, reason: 'requests from web pages are refused (Origin)' };
  if (fetchSite !== undefined && fetchSite !== 'none') {
    return { status: 403, reason: 'requests from web pages are refused (Sec-Fetch-Site)' };
  }
  if (method !== 'GET' && method !== 'HEAD') {
    return { status: 405, reason: 'this interface only reads: use GET' };
  }
  return undefined;
}

/** The host of a Host header (RFC 9110, section 7.2) without its port, in lower case; undefined where it is not one. */
function hostName(header: string | undefined): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(header ?? '');
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}
