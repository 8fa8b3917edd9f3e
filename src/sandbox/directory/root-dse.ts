import { type Dn, dnText } from '../../domain/dn.ts';
import { ControlOid } from './controls.ts';
import type { StoredEntry } from './entry.ts';

export const ExtensionOid = {
  /** RFC 4532 */
  whoAmI: '1.3.6.1.4.1.4203.1.11.3',
} as const;

/** The root DSE of the server (RFC 4512, section 5.1). */
export function rootDse(suffix: Dn): StoredEntry {
  const { entryChange: _, ...requestControls } = ControlOid;
  const content: Record<string, readonly string[]> = {
    objectClass: ['top'],
    namingContexts: [dnText(suffix)],
    supportedLDAPVersion: ['3'],
    supportedControl: Object.values(requestControls),
    supportedExtension: Object.values(ExtensionOid),
    // All operational attributes (RFC 3673) and modify-increment (RFC 4525).
    supportedFeatures: ['1.3.6.1.4.1.4203.1.5.1', '1.3.6.1.1.14'],
    vendorName: ['prov-backup-rsnapshot'],
    vendorVersion: ['embedded directory of the sandbox'],
  };
  const attributes = Object.entries(content).map(
    ([name, values]) => [name.toLowerCase(), { name, values: values.map((value) => Buffer.from(value)) }] as const,
  );
  return { id: 0, dn: [], attributes: new Map(attributes) };
}
