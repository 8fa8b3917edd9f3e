/**
 * IPv4 in IPv6 (RFC 4291, section 2.5.5.2), as a URL writes it: the first two of its bytes, and the
 * others.
 */
const MAPPED = /^\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\]$/;

/**
 * Whether a host name, or an address without brackets, means this host alone: 127.0.0.0/8 and ::1
 * in whatever way they are written (127.1, 0:0:0:0:0:0:0:1, ::ffff:127.0.0.1), and the names that
 * nobody else may be given (RFC 6761, section 6.3: localhost, and what ends with .localhost). No
 * other name is believed: what it resolves to may be another thing tomorrow.
 */
export function isLoopbackHost(host: string): boolean {
  if (/^(?:[a-z0-9_-]+\.)*localhost\.?$/i.test(host)) return true;
  const address = canonicalAddress(host);
  return address !== undefined && (/^127(?:\.\d+){3}$/.test(address) || address === '[::1]' || MAPPED.test(address));
}

/** An address in the one way in which a URL has it; undefined for what is none. */
function canonicalAddress(host: string): string | undefined {
  const isIpv6 = /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(host);
  if (!isIpv6 && !/^[0-9a-fx.]*[0-9a-f]$/i.test(host)) return undefined;
  try {
    return new URL(isIpv6 ? `http://[${host}]/` : `http://${host}/`).hostname;
  } catch {
    return undefined;
  }
}
