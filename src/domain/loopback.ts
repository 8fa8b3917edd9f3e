/** An IPv4-mapped address in 127.0.0.0/8 (RFC 4291, section 2.5.5.2), as a URL spells it. */
const MAPPED = /^\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\]$/;

/**
 * Whether a host name, or an address without brackets, means this host alone: 127.0.0.0/8 and ::1
 * in any spelling (127.1, 0:0:0:0:0:0:0:1, ::ffff:127.0.0.1), and the names reserved for it (RFC
 * 6761, section 6.3: localhost and names below .localhost). Any other name is not, as it may
 * resolve to another address tomorrow.
 */
export function isLoopbackHost(host: string): boolean {
  if (/^(?:[a-z0-9_-]+\.)*localhost\.?$/i.test(host)) return true;
  const address = canonicalAddress(host);
  return address !== undefined && (/^127(?:\.\d+){3}$/.test(address) || address === '[::1]' || MAPPED.test(address));
}

/**
 * Whether a host, in lower case, is one of the common loopback names: `localhost`, 127.0.0.0/8 in
 * four numbers, or ::1. Programs read the other spellings in different ways, so a request for one
 * of them may be meant for another host.
 */
export function isLoopbackName(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isLoopbackHost(host) && canonicalAddress(host) === host;
}

/** The one spelling that URLs have for an address; undefined if the text is not an address. */
function canonicalAddress(host: string): string | undefined {
  const isIpv6 = /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(host);
  if (!isIpv6 && !/^[0-9a-fx.]*[0-9a-f]$/i.test(host)) return undefined;
  try {
    return new URL(isIpv6 ? `http://[${host}]/` : `http://${host}/`).hostname;
  } catch {
    return undefined;
  }
}
