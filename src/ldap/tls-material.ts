import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { DirectoryError } from '../domain/directory-error.ts';
import { readInput } from '../host/input-file.ts';
import { passShortage } from '../host/shortage.ts';
import type { ClientCertificateFiles, TlsFiles } from './access.ts';

/** The certificates and the key for a TLS connection, in PEM form. */
export interface TlsMaterial {
  /** The accepted certificate authorities. undefined: those of Node.js. */
  readonly authorities: string | undefined;
  /** The certificate that the client presents. undefined: it presents none. */
  readonly client: ClientCertificate | undefined;
}

/**
 * A certificate and its key. Certificates of intermediate authorities may follow the certificate.
 */
export interface ClientCertificate {
  readonly certificate: string;
  readonly key: string;
}

/**
 * The size limit of the file of authorities, in bytes. The bundle of a system, with all
 * authorities, has about a quarter of a MiB.
 */
export const LARGEST_AUTHORITIES = 16 * 1024 * 1024;

/** Reads the files. Rejects with a DirectoryError that names the file and the remedy. */
export async function readTlsMaterial({ caFile, client }: TlsFiles): Promise<TlsMaterial> {
  const [authorities, presented] = await Promise.all([
    readAuthorities(caFile),
    client === null ? undefined : readClientCertificate(client),
  ]);
  return { authorities, client: presented };
}

async function readAuthorities(caFile: string | null): Promise<string | undefined> {
  if (caFile === null) return undefined;
  const remedy =
    'set directory.tls.caFile to a readable PEM file of the authority that signed the certificate of the directory';
  const pem = await readPem(caFile, `cannot read the certificate authorities in ${caFile}`, remedy);
  if (!pem.includes('-----BEGIN CERTIFICATE-----'))
    throw new DirectoryError(`${caFile} holds no certificate in PEM form`, { remedy });
  return pem;
}

/**
 * Reads the certificate and its key. Rejects with a DirectoryError if they cannot be read or do not
 * belong together. That happens while only one of them has been renewed.
 */
export async function readClientCertificate({
  certFile,
  keyFile,
}: ClientCertificateFiles): Promise<ClientCertificate & { readonly parsed: X509Certificate }> {
  const [certificate, key] = await Promise.all([
    readPem(certFile, `cannot read the client certificate in ${certFile}`, CERT_REMEDY),
    readPem(keyFile, `cannot read the key of the client certificate in ${keyFile}`, KEY_REMEDY),
  ]);
  const parsed = certificateIn(certificate);
  if (parsed === undefined)
    throw new DirectoryError(`${certFile} holds no certificate in PEM form`, { remedy: CERT_REMEDY });
  const privateKey = keyIn(key);
  if (privateKey === undefined) {
    throw new DirectoryError(`${keyFile} holds no private key in PEM form that can be used without a passphrase`, {
      remedy: KEY_REMEDY,
    });
  }
  if (!parsed.checkPrivateKey(privateKey)) {
    throw new DirectoryError(`the key in ${keyFile} is not that of the certificate in ${certFile}`, {
      remedy: 'put a certificate and its own key into directory.tls.certFile and keyFile; both are read again',
    });
  }
  return { certificate, key, parsed };
}

const CERT_REMEDY = 'set directory.tls.certFile to a PEM file of the client certificate that the service may read';
const KEY_REMEDY =
  'set directory.tls.keyFile to the PEM file of its key, which the service alone may read; it has no passphrase (openssl pkey -in KEY -out PLAIN removes one)';

async function readPem(file: string, problem: string, remedy: string): Promise<string> {
  const bytes = await readInput(file, LARGEST_AUTHORITIES).catch((cause: unknown) => {
    passShortage(cause);
    throw new DirectoryError(problem, { remedy, cause });
  });
  return bytes.toString('latin1');
}

/** The first certificate of a PEM text; undefined if there is none. */
export function certificateIn(pem: string | Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function keyIn(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
