/**
 * How to reach the directory. The subscription's connection and the one for operations are both
 * made from it.
 */
export interface DirectoryAccess {
  /** ldap://, ldaps:// or ldapi:// URLs, tried in order. */
  readonly urls: readonly string[];
  readonly startTls: boolean;
  /** PEM file of the accepted certificate authorities. null: those of Node.js. */
  readonly caFile: string | null;
  /** null: anonymous bind. */
  readonly bindDn: string | null;
  /** Called for each bind, so that a changed password file takes effect without a restart. */
  readonly readPassword: () => Promise<string>;
  /** Time limit in milliseconds for TCP, TLS and bind together, and for each ordinary request. */
  readonly timeoutMilliseconds: number;
}
