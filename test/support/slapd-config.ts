import { join } from 'node:path';
import { BASE, LEASES, PROVISIONING_ATTRIBUTES, SERVICE_DN, SUFFIX } from './accounts.ts';

/** The PEM files of a server: see certificates.ts. */
export interface ServerTls {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export interface SlapdOptions {
  /**
   * The number of deletes in the session log of the overlay for RFC 4533; false: no overlay.
   * Default: 1000.
   */
  readonly syncprov?: false | number;
  /** The size limit of the bind account. Default: 'unlimited'. 'server' keeps slapd's own 500. */
  readonly sizeLimit?: number | 'unlimited' | 'server';
  /** Whether the bind account may write the sstProvisioning attributes. Default: true. */
  readonly mayWrite?: boolean;
  /** With it the server also offers StartTLS and listens for ldaps://. */
  readonly tls?: ServerTls;
  /** Lines of slapd.conf before the database. */
  readonly globalLines?: readonly string[];
  /** Lines of slapd.conf in the database, before its overlay. */
  readonly databaseLines?: readonly string[];
  /** LDIF records that the directory has before its start; see `manyAccounts`. */
  readonly preload?: Iterable<string>;
  /** The directory starts without the tree, as a replica gets its content from its provider. */
  readonly empty?: boolean;
  /** The size of the database's map in bytes. Default: 2 GiB, sparse. */
  readonly maxSize?: number;
  /** The port that it listens on. Default: a free one. */
  readonly port?: number;
  /** Further addresses of this host, in addition to 127.0.0.1, on which it listens at its port. */
  readonly alsoAt?: readonly string[];
}

export const ROOT_DN = `cn=admin,${SUFFIX}`;
export const ROOT_PASSWORD = 'root-secret';

const SCHEMA = [
  ...['core', 'cosine', 'nis', 'inetorgperson'].map((name) => `include /etc/ldap/schema/${name}.schema`),
  `include ${join(import.meta.dirname, '../../config/schema/stoney-backup.schema')}`,
];

/** The text of slapd.conf for a server that passes all requests on to another one. */
export function frontConfig(behind: string, syncprov: boolean): string {
  return [
    ...SCHEMA,
    'modulepath /usr/lib/ldap',
    'moduleload back_ldap',
    ...(syncprov ? ['moduleload syncprov'] : []),
    'database ldap',
    `suffix "${SUFFIX}"`,
    `uri "${behind}"`,
    'rebind-as-user yes',
    '',
  ].join('\n');
}

/** The text of slapd.conf for a server in `folder`. */
export function slapdConfig(folder: string, options: SlapdOptions): string {
  const { syncprov = 1000, sizeLimit = 'unlimited', mayWrite = true, tls } = options;
  return [
    ...SCHEMA,
    `pidfile ${folder}/pid`,
    'modulepath /usr/lib/ldap',
    'moduleload back_mdb',
    'moduleload syncprov',
    'threads 8',
    ...(tls === undefined
      ? []
      : [
          `TLSCACertificateFile ${tls.caFile}`,
          `TLSCertificateFile ${tls.certFile}`,
          `TLSCertificateKeyFile ${tls.keyFile}`,
        ]),
    ...(options.globalLines ?? []),
    'database mdb',
    `suffix "${SUFFIX}"`,
    `rootdn "${ROOT_DN}"`,
    `rootpw ${ROOT_PASSWORD}`,
    `directory ${folder}/db`,
    `maxsize ${options.maxSize ?? 2 ** 31}`,
    'dbnosync',
    'index entryCSN,entryUUID,objectClass,sstProvisioningState,sstProvisioningMode,uid eq',
    ...(sizeLimit === 'server' ? [] : [`limits dn.exact="${SERVICE_DN}" size=${sizeLimit} time=unlimited`]),
    'access to attrs=userPassword by anonymous auth by * none',
    `access to dn.subtree="${BASE}" attrs=${PROVISIONING_ATTRIBUTES.join(',')}`,
    `  by dn.exact="${SERVICE_DN}" ${mayWrite ? 'write' : 'read'} by * none`,
    `access to dn.subtree="${BASE}" by dn.exact="${SERVICE_DN}" read by * none`,
    `access to dn.subtree="${LEASES}" by dn.exact="${SERVICE_DN}" write by * none`,
    'access to * by * none',
    ...(options.databaseLines ?? []),
    ...(syncprov === false ? [] : ['overlay syncprov', `syncprov-sessionlog ${syncprov}`]),
    '',
  ].join('\n');
}
