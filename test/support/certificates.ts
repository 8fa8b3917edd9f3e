import { mkdtemp, rm, writeFile } from 'node:fs/promises';
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
  remove(): Promise<void>;
}

/** Makes the certificates with the openssl command. Call `remove` at the end. */
export async function makeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), 'certificates-'));
  const file = (name: string) => join(folder, name);
  const loopback = 'DNS:localhost,IP:127.0.0.1,IP:::1';

  const authority = async (name: string) => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file(`${name}.key`)];
    const extensions = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
    const subject = ['-subj', `/CN=${name}`, '-days', '30', '-out', file(`${name}.pem`)];
    await execute('openssl', ['req', '-x509', ...key, ...extensions, ...subject]);
    return file(`${name}.pem`);
  };

  /** The certificate of a server for these names, or of a client. */
  const certificate = async (name: string, ca: string, names: string | undefined, end: string): Promise<ServerTls> => {
    const subject = names === undefined ? 'prov-backup-rsnapshot' : name;
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file(`${name}.key`)];
    await execute('openssl', ['req', '-new', ...key, '-subj', `/CN=${subject}`, '-out', file(`${name}.csr`)]);
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
        'default_md=sha256',
        'rand_serial=yes',
        'policy=any',
        'x509_extensions=extensions',
        'unique_subject=no',
        '[any]',
        'commonName=supplied',
        '[extensions]',
        ...(names === undefined
          ? ['extendedKeyUsage=clientAuth']
          : [`subjectAltName=${names}`, 'extendedKeyUsage=serverAuth']),
        'basicConstraints=CA:FALSE',
        '',
      ].join('\n'),
    );
    const signer = ['-cert', file(`${ca}.pem`), '-keyfile', file(`${ca}.key`)];
    const dates = ['-startdate', '20200101000000Z', '-enddate', end];
    const files = ['-in', file(`${name}.csr`), '-out', file(`${name}.pem`)];
    await execute('openssl', ['ca', '-batch', '-notext', '-config', `${store}.cnf`, ...signer, ...dates, ...files]);
    return { caFile: file(`${ca}.pem`), certFile: file(`${name}.pem`), keyFile: file(`${name}.key`) };
  };

  try {
    const caFile = await authority('ca');
    const otherCaFile = await authority('other-ca');
    const right = await certificate('right', 'ca', loopback, '20990101000000Z');
    const wrongName = await certificate('wrong-name', 'ca', 'DNS:ldap.example.org', '20990101000000Z');
    const expired = await certificate('expired', 'ca', loopback, '20210101000000Z');
    const otherCa = await certificate('other', 'other-ca', loopback, '20990101000000Z');
    const client = await certificate('client', 'ca', undefined, '20990101000000Z');
    const expiredClient = await certificate('expired-client', 'ca', undefined, '20210101000000Z');
    const otherClient = await certificate('other-client', 'other-ca', undefined, '20990101000000Z');
    const remove = () => rm(folder, { recursive: true, force: true });
    return {
      folder,
      caFile,
      otherCaFile,
      right,
      wrongName,
      expired,
      otherCa,
      client,
      expiredClient,
      otherClient,
      remove,
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
