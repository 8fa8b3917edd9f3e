import { isIP } from 'node:net';

/** The address of the operator interface: a loopback address and port, or a Unix socket. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** The operator interface cannot be opened or reached; `remedy` says what to do. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  readonly remedy: string;

  constructor(message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.remedy = remedy;
  }
}

/** Reads `HOST:PORT`, `[::1]:PORT` or `unix:/path`. Throws an OperatorError for anything else. */
export function readAddress(text: string): ListenAddress {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    if (path.startsWith('/')) return { kind: 'unix', path };
    throw new OperatorError(
      `"${text}" is not an address`,
      'give an absolute path: unix:/run/prov-backup-rsnapshot/operator.sock',
    );
  }
  const match = /^(?:http:\/\/)?(?:\[([0-9a-fA-F:.]+)\]|([^:/\s]+)):(\d{1,5})\/?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) {
    throw new OperatorError(
      `"${text}" is not an address`,
      'give 127.0.0.1:9465, [::1]:9465 or unix:/run/prov-backup-rsnapshot/operator.sock',
    );
  }
  return { kind: 'tcp', host, port };
}

/** The address in the form that `readAddress` accepts. */
export function showAddress(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return isIP(address.host) === 6 ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
