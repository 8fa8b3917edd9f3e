/**
 * How to reach the directory. Both connections, that of the subscription and that for operations,
 * are opened with it.
 */
export interface DirectoryAccess {
  /** ldap://, ldaps:// or ldapi:// URLs, tried in order. */
  readonly urls: readonly string[];
  readonly startTls: boolean;
  readonly tls: TlsFiles;
  readonly authentication: Authentication;
  /**
   * The time limit in milliseconds for TCP, TLS and bind together, and for each ordinary request.
   */
  readonly timeoutMilliseconds: number;
}

/** The PEM files for TLS. They are read for each connection, because certificates are renewed. */
export interface TlsFiles {
  /** The accepted certificate authorities. null: those of Node.js. */
  readonly caFile: string | null;
  /** The certificate that the client presents, and its key. null: it presents none. */
  readonly client: ClientCertificateSource | null;
}

export interface ClientCertificateFiles {
  /** The certificate file. Certificates of intermediate authorities may follow in it. */
  readonly certFile: string;
  readonly keyFile: string;
}

/** The files, and the clock, in milliseconds, by which an expired certificate is recognised. */
export interface ClientCertificateSource extends ClientCertificateFiles {
  readonly now: () => number;
}

/** How a connection is bound (RFC 4513, section 5). */
export type Authentication =
  | {
      readonly method: 'simple';
      readonly dn: string;
      /** Called for each bind, so that a changed password file takes effect without a restart. */
      readonly readPassword: () => Promise<string>;
    }
  /**
   * SASL EXTERNAL: the server identifies the client by its certificate, or by the credentials of
   * the peer of a socket.
   */
  | { readonly method: 'external' }
  | { readonly method: 'anonymous' };
