import type { Modification } from '../domain/transition.ts';
import { addRecord, deleteRecord, modifyRecord } from './ldif.ts';
import { accountDn, accountEntry, type TreeEntry } from './tree.ts';

/** One write to an account, and its expected result. */
export interface WalkWrite {
  readonly title: string;
  /** The explanation that is printed before it. */
  readonly why: string;
  readonly file: string;
  readonly ldif: readonly string[];
  readonly write:
    | { readonly kind: 'add'; readonly entry: TreeEntry }
    | { readonly kind: 'modify'; readonly dn: string; readonly modifications: readonly Modification[] }
    | { readonly kind: 'delete'; readonly dn: string };
  /** The mode that the service writes at the end; undefined if it has nothing to do. */
  readonly finishedMode: string | undefined;
}

const QUOTA = String(2 * 1024 ** 3);

/** The writes of the walk: add, modify and delete an account, and remove its entry. */
export function walkWrites(uid: string, homeOf: (uid: string) => string): WalkWrite[] {
  const dn = accountDn(uid);
  const entry = accountEntry(uid, homeOf, { mode: 'add', state: '0', date: '0' });
  const modifyRequest = request('modify', { sstQuota: QUOTA });
  const deleteRequest = request('delete', { sstIsActive: 'FALSE' });
  return [
    {
      title: 'Add',
      why: 'An administrator adds an account to the directory, with the mode "add" and the state 0 (open).',
      file: '01_add.ldif',
      ldif: addRecord(entry),
      write: { kind: 'add', entry },
      finishedMode: 'added',
    },
    {
      title: 'Modify',
      why: 'The administrator raises the quota of the account, and writes the mode "modify" and the state 0.',
      file: '02_modify.ldif',
      ldif: modifyRecord(dn, modifyRequest),
      write: { kind: 'modify', dn, modifications: modifyRequest },
      finishedMode: 'modified',
    },
    {
      title: 'Delete',
      why: 'The administrator requests a delete. A delete waits until sstIsActive is FALSE; here both are written at once.',
      file: '03_delete.ldif',
      ldif: modifyRecord(dn, deleteRequest),
      write: { kind: 'modify', dn, modifications: deleteRequest },
      finishedMode: 'deleted',
    },
    {
      title: 'Remove',
      why: 'The account is deleted, so the administrator removes its entry. The service has nothing to do for that.',
      file: '04_remove.ldif',
      ldif: deleteRecord(dn),
      write: { kind: 'delete', dn },
      finishedMode: undefined,
    },
  ];
}

/** The modifications that request work on an existing account. */
export function request(mode: string, first: Readonly<Record<string, string>> = {}): Modification[] {
  const replacements = { ...first, sstProvisioningMode: mode, sstProvisioningState: '0' };
  return Object.entries(replacements).map(([attribute, value]) => ({
    operation: 'replace',
    attribute,
    values: [value],
  }));
}
