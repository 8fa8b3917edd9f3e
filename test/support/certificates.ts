import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from './children.ts';
import type { ServerTls } from './slapd-config.ts';

/**
 * A certificate authority and certificates of servers and clients, valid and invalid, as PEM files
 * in a temporary folder.
 */
export interface Certificates {
  readonly folder: string;
  readonly caFile: string;
  /** Another authority, which has signed only `otherCa`. */
  readonly otherCaFile: string;
  /** For localhost, 127.0.0.1 and ::1. */
  readonly right: ServerTls;
  /** For ldap.example.org only. */
  readonly wrongName: ServerTls;
  /** For the right names, but expired. */
  readonly expired: ServerTls;
  /** For the right names, but signed by the other authority. */
  readonly otherCa: ServerTls;
  /** For a client named prov-backup-rsnapshot, as are the next two. */
  readonly client: ServerTls;
  readonly expiredClient: ServerTls;
  /** Signed by the other authority. */
  readonly otherClient: ServerTls;
  /** For the right names, but without the intermediate certificate that signed it. */
  readonly incomplete: ServerTls;
  /** For the right names, with the intermediate certificate that signed it. */
  readonly chain: ServerTls;
  /** For the right names, but signed with SHA-1. */
  readonly sha1: ServerTls;
  /** For the right names, but with an RSA key of 1024 bits. */
  readonly smallKey: ServerTls;
  remove(): Promise<void>;
}

/** The names of the certificates of servers. */
export type ServerCertificate = keyof {
  readonly [K in keyof Certificates as Certificates[K] extends ServerTls ? K : never]: K;
};

interface IssueOptions {
  /** The subjectAltName of a server. Default: loopback. */
  readonly names?: string;
  readonly isAuthority?: boolean;
  readonly isClient?: boolean;
  /** The end of its validity. */
  readonly end?: string;
  readonly digest?: 'sha256' | 'sha1';
  /** The arguments of openssl that make its key. */
  readonly key?: readonly string[];
}

const EC_KEY = ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];

function usageOf(isClient: boolean, names: string): readonly string[] {
  return isClient ? ['extendedKeyUsage=clientAuth'] : ['extendedKeyUsage=serverAuth', `subjectAltName=${names}`];
}

/** Makes the certificates with the openssl command. Call `remove` at the end. */
export async function makeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), 'certificates-'));
  const file = (name: string) => join(folder, name);
  const loopback = 'DNS:localhost,IP:127.0.0.1,IP:::1';

  const authority = async (name: string) => {
    const key = ['-newkey', ...EC_KEY, '-nodes', '-keyout', file(`${name}.key`)];
    const extensions = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
    const subject = ['-subj', `/CN=${name}`, '-days', '30', '-out', file(`${name}.pem`)];
    await execute('openssl', ['req', '-x509', ...key, ...extensions, ...subject]);
    return file(`${name}.pem`);
  };

  const issue = async (name: string, ca: string, options: IssueOptions): Promise<ServerTls> => {
    const { names, isAuthority = false, isClient = false } = options;
    const { end = '20990101000000Z', digest = 'sha256', key = EC_KEY } = options;
    const subject = `/CN=${isClient ? 'prov-backup-rsnapshot' : name}`;
    const files = ['-keyout', file(`${name}.key`), '-out', file(`${name}.csr`)];
    await execute('openssl', ['req', '-new', '-newkey', ...key, '-nodes', '-subj', subject, ...files]);
    const store = file(`${name}.store`);
    await writeFile(`${store}.index`, '');
    await writeFile(
      `${store}.cnf`,
      [
        '[ca]',
        'default_ca=own',
        '[own]',
        `database=${store}.index`,
        `new_certs_dir=${folder}`,
        `default_md=${digest}`,
        'rand_serial=yes',
        'policy=any',
        'x509_extensions=extensions',
        'unique_subject=no',
        '[any]',
        'commonName=supplied',
        '[extensions]',
        ...(isAuthority
          ? ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign']
          : ['basicConstraints=CA:FALSE', ...usageOf(isClient, names ?? loopback)]),
        '',
      ].join('\n'),
    );
    const signer = ['-cert', file(`${ca}.pem`), '-keyfile', file(`${ca}.key`)];
    const dates = ['-startdate', '20200101000000Z', '-enddate', end];
    const signed = ['-in', file(`${name}.csr`), '-out', file(`${name}.pem`)];
    await execute('openssl', ['ca', '-batch', '-notext', '-config', `${store}.cnf`, ...signer, ...dates, ...signed]);
    return { caFile: file(`${ca}.pem`), certFile: file(`${name}.pem`), keyFile: file(`${name}.key`) };
  };

  try {
    const caFile = await authority('ca');
    const otherCaFile = await authority('other-ca');
    const right = await issue('right', 'ca', {});
    const wrongName = await issue('wrong-name', 'ca', { names: 'DNS:ldap.example.org' });
    const expired = await issue('expired', 'ca', { end: '20210101000000Z' });
    const otherCa = await issue('other', 'other-ca', {});
    const intermediate = await issue('intermediate', 'ca', { isAuthority: true });
    const incomplete = { ...(await issue('incomplete', 'intermediate', {})), caFile };
    const chain = { ...incomplete, certFile: file('chain.pem') };
    const links = await Promise.all([incomplete, intermediate].map(({ certFile }) => readFile(certFile)));
    await writeFile(chain.certFile, Buffer.concat(links));
    const sha1 = await issue('sha1', 'ca', { digest: 'sha1' });
    const smallKey = await issue('small-key', 'ca', { key: ['rsa:1024'] });
    const client = await issue('client', 'ca', { isClient: true });
    const expiredClient = await issue('expired-client', 'ca', { isClient: true, end: '20210101000000Z' });
    const otherClient = await issue('other-client', 'other-ca', { isClient: true });
    const clients = { client, expiredClient, otherClient };
    const servers = { right, wrongName, expired, otherCa, incomplete, chain, sha1, smallKey };
    const remove = () => rm(folder, { recursive: true, force: true });
    return { folder, caFile, otherCaFile, ...servers, ...clients, remove };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
