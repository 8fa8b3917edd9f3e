import { ResultCode } from '../../domain/directory-error.ts';
import { dnText } from '../../domain/dn.ts';
import { BerReader, enumerated, integer, octetString, sequence, Tag } from '../../ldap/wire/ber.ts';
import type { EntryChange } from './directory.ts';
import type { Filter } from './filter.ts';
import { readFilter } from './read-filter.ts';
import { Refusal } from './refusal.ts';
import type { Operation, RequestControl } from './request.ts';
import type { ResponseControl } from './response.ts';

export const ControlOid = {
  /** RFC 2696 */
  pagedResults: '1.2.840.113556.1.4.319',
  /** draft-ietf-ldapext-psearch-03 */
  persistentSearch: '2.16.840.1.113730.3.4.3',
  entryChange: '2.16.840.1.113730.3.4.7',
  /** RFC 3296. It has no effect, as there are no referrals here. */
  manageDsaIT: '2.16.840.1.113730.3.4.2',
  /** RFC 4528 */
  assertion: '1.3.6.1.1.12',
  /** RFC 4527 */
  preRead: '1.3.6.1.1.13.1',
  postRead: '1.3.6.1.1.13.2',
} as const;

export interface PersistentSearch {
  /** The sum of the draft's numbers: add 1, delete 2, modify 4, rename 8. */
  readonly changeTypes: number;
  readonly changesOnly: boolean;
  readonly returnEntryChanges: boolean;
}

/** The decoded controls of a request. */
export interface DecodedControls {
  readonly paged?: { readonly size: number; readonly cookie: string };
  readonly persistent?: PersistentSearch;
  readonly assertion?: Filter;
  readonly preRead?: readonly string[];
  readonly postRead?: readonly string[];
}

/** The operations whose target entry exists. */
const TARGETED: readonly Operation['kind'][] = ['search', 'compare', 'modify', 'delete', 'rename'];

/**
 * Reads the controls. A control that the operation does not offer is refused if it is critical, and
 * ignored otherwise.
 */
export function readControls(operation: Operation, controls: readonly RequestControl[]): DecodedControls {
  const requested: { -readonly [key in keyof DecodedControls]: DecodedControls[key] } = {};
  for (const control of controls) {
    if (!isOffered(control.oid, operation)) {
      if (!control.critical) continue;
      throw new Refusal(ResultCode.unavailableCriticalExtension, `critical control ${control.oid} is not available`);
    }
    try {
      readControl(requested, control);
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw new Refusal(ResultCode.protocolError, `control ${control.oid}: the value cannot be decoded`);
    }
  }
  return requested;
}

function isOffered(oid: string, { kind }: Operation): boolean {
  switch (oid) {
    case ControlOid.pagedResults:
    case ControlOid.persistentSearch:
      return kind === 'search';
    case ControlOid.preRead:
      return kind === 'modify' || kind === 'delete' || kind === 'rename';
    case ControlOid.postRead:
      return kind === 'modify' || kind === 'add' || kind === 'rename';
    case ControlOid.assertion:
      return TARGETED.includes(kind);
    case ControlOid.manageDsaIT:
      return TARGETED.includes(kind) || kind === 'add';
    default:
      return false;
  }
}

function readControl(
  requested: { -readonly [key in keyof DecodedControls]: DecodedControls[key] },
  { oid, value }: RequestControl,
): void {
  const reader = new BerReader(value ?? Buffer.alloc(0));
  switch (oid) {
    case ControlOid.pagedResults: {
      const body = reader.enter(Tag.sequence);
      requested.paged = { size: body.integer(), cookie: body.text() };
      return;
    }
    case ControlOid.persistentSearch: {
      const body = reader.enter(Tag.sequence);
      requested.persistent = {
        changeTypes: body.integer(),
        changesOnly: body.boolean(),
        returnEntryChanges: body.boolean(),
      };
      return;
    }
    case ControlOid.assertion:
      requested.assertion = readFilter(reader);
      return;
    case ControlOid.preRead:
      requested.preRead = readNames(reader);
      return;
    case ControlOid.postRead:
      requested.postRead = readNames(reader);
      return;
  }
}

function readNames(reader: BerReader): string[] {
  const names: string[] = [];
  const list = reader.enter(Tag.sequence);
  while (!list.done) names.push(list.text());
  return names;
}

/**
 * The response control of a page. The cookie is empty on the last page; the total is not estimated.
 */
export function pagedResultsControl(cookie: string): ResponseControl {
  return { oid: ControlOid.pagedResults, value: sequence(integer(0), octetString(cookie)) };
}

export const CHANGE_TYPE = { add: 1, delete: 2, modify: 4, rename: 8 } as const satisfies Record<
  EntryChange['kind'],
  number
>;

/**
 * EntryChangeNotification ::= SEQUENCE { changeType ENUMERATED, previousDN (renames only),
 * changeNumber (never sent) }
 */
export function entryChangeControl({ kind, before }: EntryChange): ResponseControl {
  const previous = kind === 'rename' && before !== undefined ? [octetString(dnText(before.dn))] : [];
  return { oid: ControlOid.entryChange, value: sequence(enumerated(CHANGE_TYPE[kind]), ...previous) };
}
