/**
 * Encodes and decodes the controls of persistent search (draft-ietf-ldapext-psearch-03, sections 4
 * and 5).
 */
import {
  type BerReader,
  boolean,
  enumerated,
  integer,
  malformed,
  octetString,
  sequence,
  Tag,
} from '../../../src/ldap/wire/ber.ts';

export const PERSISTENT_SEARCH = '2.16.840.1.113730.3.4.3';
export const ENTRY_CHANGE_NOTIFICATION = '2.16.840.1.113730.3.4.7';

const CHANGE_TYPES = { add: 1, delete: 2, modify: 4, modDN: 8 } as const;
type ChangeType = keyof typeof CHANGE_TYPES;

/** All change types, as a bit field. */
export const ALL_CHANGE_TYPES = 15;

export interface PersistentSearch {
  /** A bit field of the change types to report. */
  readonly changeTypes: number;
  /** FALSE: the present content comes first. */
  readonly changesOnly: boolean;
  /** TRUE: changed entries carry an EntryChangeNotification. */
  readonly returnECs: boolean;
}

export interface EntryChangeNotification {
  readonly changeType: ChangeType;
  /** Only for a modDN. */
  readonly previousDN?: string;
  readonly changeNumber?: number;
}

export function encodePersistentSearch(request: PersistentSearch): Buffer {
  return sequence(integer(request.changeTypes), boolean(request.changesOnly), boolean(request.returnECs));
}

export function decodePersistentSearch(value: BerReader): PersistentSearch {
  const reader = value.enter(Tag.sequence);
  return { changeTypes: reader.integer(), changesOnly: reader.boolean(), returnECs: reader.boolean() };
}

export function encodeEntryChangeNotification(notification: EntryChangeNotification): Buffer {
  const { changeType, previousDN, changeNumber } = notification;
  const parts = [enumerated(CHANGE_TYPES[changeType])];
  if (previousDN !== undefined) parts.push(octetString(previousDN));
  if (changeNumber !== undefined) parts.push(integer(changeNumber));
  return sequence(...parts);
}

export function decodeEntryChangeNotification(value: BerReader): EntryChangeNotification {
  const reader = value.enter(Tag.sequence);
  const changeType = changeTypeOf(reader.integer(Tag.enumerated));
  const previousDN = reader.peek() === Tag.octetString ? { previousDN: reader.text() } : {};
  const changeNumber = reader.peek() === Tag.integer ? { changeNumber: reader.integer() } : {};
  return { changeType, ...previousDN, ...changeNumber };
}

function changeTypeOf(code: number): ChangeType {
  switch (code) {
    case CHANGE_TYPES.add:
      return 'add';
    case CHANGE_TYPES.delete:
      return 'delete';
    case CHANGE_TYPES.modify:
      return 'modify';
    case CHANGE_TYPES.modDN:
      return 'modDN';
    default:
      throw malformed(`change type ${code}`);
  }
}
