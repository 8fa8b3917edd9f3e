/** How to reach the directory: what both connections (the subscription's and the one for operations) are made from. */
export interface DirectoryAccess {
  /** ldap://, ldaps:// or ldapi:// URLs, tried in order. */
  readonly urls: readonly string[];
  readonly startTls: boolean;
  /** PEM file of the accepted authorities; null: those of Node.js. */
  readonly caFile: string | null;
  /** null: anonymous. */
  readonly bindDn: string | null;
  /** Read again at each bind, so that a changed password file is taken up without a restart. */
  readonly readPassword: () => Promise<string>;
  /** Milliseconds for TCP, TLS and bind together, and for each ordinary request. */
  readonly timeoutMilliseconds: number;
}
