import type { Modification } from '../domain/transition.ts';
import type { TreeEntry } from './tree.ts';

/** The LDIF record (RFC 2849) that adds an entry. */
export function addRecord({ dn, attributes }: TreeEntry): string[] {
  const lines = attributes.flatMap(({ name, values }) => values.map((value) => line(name, value)));
  return [line('dn', dn), 'changetype: add', ...lines];
}

/** The LDIF record that changes an entry. */
export function modifyRecord(dn: string, modifications: readonly Modification[]): string[] {
  const changes = modifications.map(({ operation, attribute, values }) => [
    `${operation}: ${attribute}`,
    ...values.map((value) => line(attribute, value)),
  ]);
  return [
    line('dn', dn),
    'changetype: modify',
    ...changes.flatMap((lines, index) => (index === 0 ? lines : ['-', ...lines])),
  ];
}

/** The LDIF record that deletes an entry. */
export function deleteRecord(dn: string): string[] {
  return [line('dn', dn), 'changetype: delete'];
}

function line(name: string, value: string | Buffer): string {
  const bytes = Buffer.from(value);
  const text = bytes.toString('latin1');
  return /^(?![ :<])[\x20-\x7e]*(?<! )$/.test(text) ? `${name}: ${text}` : `${name}:: ${bytes.toString('base64')}`;
}
