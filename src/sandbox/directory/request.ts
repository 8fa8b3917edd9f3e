import { BerReader, Tag } from '../../ldap/wire/ber.ts';
import type { Rename, Scope } from './directory.ts';
import type { Filter } from './filter.ts';
import type { Change } from './modify.ts';
import { readFilter } from './read-filter.ts';

/** A control of a request (RFC 4511, section 4.1.11). */
export interface RequestControl {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Buffer | undefined;
}

export interface SearchOperation {
  readonly kind: 'search';
  readonly base: string;
  readonly scope: Scope;
  readonly sizeLimit: number;
  readonly typesOnly: boolean;
  readonly filter: Filter;
  readonly attributes: readonly string[];
}

export type Operation =
  /** `password` is undefined for SASL. */
  | { readonly kind: 'bind'; readonly version: number; readonly name: string; readonly password: Buffer | undefined }
  | { readonly kind: 'unbind' }
  | SearchOperation
  | { readonly kind: 'modify'; readonly dn: string; readonly changes: readonly Change[] }
  | { readonly kind: 'add'; readonly dn: string; readonly attributes: readonly NamedValues[] }
  | { readonly kind: 'delete'; readonly dn: string }
  | ({ readonly kind: 'rename'; readonly dn: string } & Rename)
  | { readonly kind: 'compare'; readonly dn: string; readonly attribute: string; readonly value: Buffer }
  | { readonly kind: 'abandon'; readonly messageId: number }
  | { readonly kind: 'extended'; readonly oid: string; readonly value: Buffer | undefined };

export interface NamedValues {
  readonly name: string;
  readonly values: readonly Buffer[];
}

export interface Request {
  readonly messageId: number;
  readonly operation: Operation;
  readonly controls: readonly RequestControl[];
}

/** Reads an LDAPMessage with a request (RFC 4511, section 4.1.1). Throws if it is malformed. */
export function readRequest(bytes: Buffer): Request {
  const message = new BerReader(bytes).enter(Tag.sequence);
  const messageId = message.integer();
  if (messageId < 1) throw new Error('the message id is not positive');
  const operation = readOperation(message);
  const controls: RequestControl[] = [];
  if (message.peek() === 0xa0) {
    const list = message.enter(0xa0);
    while (!list.done) controls.push(readControl(list.enter(Tag.sequence)));
  }
  return { messageId, operation, controls };
}

function readOperation(message: BerReader): Operation {
  switch (message.peek()) {
    case 0x60:
      return readBind(message.enter(0x60));
    case 0x42:
      message.skip();
      return { kind: 'unbind' };
    case 0x63:
      return readSearch(message.enter(0x63));
    case 0x66:
      return readModify(message.enter(0x66));
    case 0x68:
      return readAdd(message.enter(0x68));
    case 0x4a:
      return { kind: 'delete', dn: message.text(0x4a) };
    case 0x6c:
      return readRename(message.enter(0x6c));
    case 0x6e:
      return readCompare(message.enter(0x6e));
    case 0x50:
      return { kind: 'abandon', messageId: message.integer(0x50) };
    case 0x77:
      return readExtended(message.enter(0x77));
    default:
      throw new Error(`no request has the tag 0x${message.peek().toString(16)}`);
  }
}

function readBind(body: BerReader): Operation {
  const version = body.integer();
  const name = body.text();
  return { kind: 'bind', version, name, password: body.peek() === 0x80 ? body.octets(0x80) : undefined };
}

function readSearch(body: BerReader): Operation {
  const base = body.text();
  const scope = (['base', 'one', 'sub', 'children'] as const)[body.integer(Tag.enumerated)];
  if (scope === undefined) throw new Error('the scope is unknown');
  body.next(Tag.enumerated); // derefAliases has no effect: there are no aliases
  const sizeLimit = body.integer();
  body.next(Tag.integer); // the time limit has no effect: no search takes a second
  const typesOnly = body.boolean();
  const filter = readFilter(body);
  const attributes: string[] = [];
  const list = body.enter(Tag.sequence);
  while (!list.done) attributes.push(list.text());
  return { kind: 'search', base, scope, sizeLimit, typesOnly, filter, attributes };
}

function readModify(body: BerReader): Operation {
  const dn = body.text();
  const changes: Change[] = [];
  const list = body.enter(Tag.sequence);
  while (!list.done) {
    const change = list.enter(Tag.sequence);
    const operation = (['add', 'delete', 'replace', 'increment'] as const)[change.integer(Tag.enumerated)];
    if (operation === undefined) throw new Error('the operation of a change is unknown');
    changes.push({ operation, ...readAttribute(change.enter(Tag.sequence)) });
  }
  return { kind: 'modify', dn, changes };
}

function readAdd(body: BerReader): Operation {
  const dn = body.text();
  const attributes: NamedValues[] = [];
  const list = body.enter(Tag.sequence);
  while (!list.done) attributes.push(readAttribute(list.enter(Tag.sequence)));
  return { kind: 'add', dn, attributes };
}

function readAttribute(body: BerReader): NamedValues {
  const name = body.text();
  const values: Buffer[] = [];
  const set = body.enter(Tag.set);
  // Copied, because the bytes of the message are reused.
  while (!set.done) values.push(Buffer.from(set.octets()));
  return { name, values };
}

function readRename(body: BerReader): Operation {
  const dn = body.text();
  const newRdn = body.text();
  const deleteOldRdn = body.boolean();
  return { kind: 'rename', dn, newRdn, deleteOldRdn, newSuperior: body.peek() === 0x80 ? body.text(0x80) : undefined };
}

function readCompare(body: BerReader): Operation {
  const dn = body.text();
  const assertion = body.enter(Tag.sequence);
  return { kind: 'compare', dn, attribute: assertion.text(), value: assertion.octets() };
}

function readExtended(body: BerReader): Operation {
  const oid = body.text(0x80);
  return { kind: 'extended', oid, value: body.peek() === 0x81 ? body.octets(0x81) : undefined };
}

function readControl(body: BerReader): RequestControl {
  const oid = body.text();
  const critical = body.peek() === Tag.boolean ? body.boolean() : false;
  return { oid, critical, value: body.peek() === Tag.octetString ? Buffer.from(body.octets()) : undefined };
}
