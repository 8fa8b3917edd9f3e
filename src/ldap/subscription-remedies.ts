import type { ProtocolName } from '../domain/change.ts';
import type { ServerKind } from './root-dse.ts';

const SYNCPROV =
  'moduleload syncprov, and overlay syncprov on the database of directory.base (with cn=config: olcModuleLoad: syncprov, and an entry olcOverlay=syncprov below that database); a slapd that only passes requests on (back-ldap) needs the module as well, and the server behind it both';
const PLUGINS =
  'enable the plugins Retro Changelog and Content Synchronization (dsconf NAME plugin retro-changelog enable, dsconf NAME plugin contentsync enable) and restart it';
const OTHER_DIRECTORY =
  'keep the accounts in a directory that has one of them: OpenLDAP with the overlay syncprov, or 389 Directory Server';

/**
 * What to do if a server of this kind does not offer the protocol that `directory.subscription`
 * names.
 */
export function remedyForSubscription(kind: ServerKind, wanted: 'auto' | ProtocolName): string {
  switch (kind) {
    case 'OpenLDAP':
      return wanted === 'persistentSearch'
        ? `OpenLDAP has no persistent search: set directory.subscription: auto, and enable content synchronization: ${SYNCPROV}`
        : `enable content synchronization in slapd: ${SYNCPROV}`;
    case '389-ds':
      return wanted === 'syncrepl'
        ? `${PLUGINS}, or set directory.subscription: auto, which takes the persistent search that 389-ds always has`
        : `${PLUGINS}; for the persistent search, let the account in directory.bindDn use it (the aci of oid=2.16.840.1.113730.3.4.3,cn=features,cn=config)`;
    case 'Active Directory':
      return `Active Directory, also that of Samba, has neither content synchronization (RFC 4533) nor persistent search, and nothing enables them: ${OTHER_DIRECTORY}`;
    case 'other':
      return `enable content synchronization (RFC 4533) or persistent search (control 2.16.840.1.113730.3.4.3) in the server${wanted === 'auto' ? '' : ', and set directory.subscription: auto'}; if it has neither, ${OTHER_DIRECTORY}`;
  }
}
