/** Encodes the requests of a connection (RFC 4511, section 4). */
import { boolean, element, enumerated, integer, octetString, sequence } from './ber.ts';
import { encodeFilter } from './filter.ts';
import { Operation } from './message.ts';

export const START_TLS = '1.3.6.1.4.1.1466.20037';

/** The codes of section 4.5.1.2. */
const SCOPES = { base: 0, oneLevel: 1, subtree: 2 } as const;

type Scope = keyof typeof SCOPES;
/** The choice `sasl` of AuthenticationChoice (section 4.2). */
const SASL = 0xa3;

export interface SearchRequest {
  readonly base: string;
  readonly scope: Scope;
  /** The text of the filter (RFC 4515). */
  readonly filter: string;
  /** An empty list requests all user attributes. */
  readonly attributes: readonly string[];
}

/** A simple bind request (section 4.2). */
export function encodeBind(dn: string, password: string): Buffer {
  return element(Operation.bindRequest, integer(3), octetString(dn), octetString(password, 0x80));
}

/**
 * A SASL bind request with the mechanism EXTERNAL (RFC 4513, section 5.2.3). Its credentials are
 * empty, which means that the client acts as the identity that the server derives (RFC 4422,
 * appendix A.1).
 */
export function encodeExternalBind(): Buffer {
  const sasl = element(SASL, octetString('EXTERNAL'), octetString(''));
  return element(Operation.bindRequest, integer(3), octetString(''), sasl);
}

/**
 * A search request without a size or time limit. It does not dereference aliases (section 4.5.1).
 * Throws a DirectoryError for a faulty filter.
 */
export function encodeSearch(request: SearchRequest): Buffer {
  return element(
    Operation.searchRequest,
    octetString(request.base),
    enumerated(SCOPES[request.scope]),
    enumerated(0),
    integer(0),
    integer(0),
    boolean(false),
    encodeFilter(request.filter),
    sequence(...request.attributes.map((name) => octetString(name))),
  );
}

/** The cheapest search that every server answers: the root DSE, without attributes. */
export const ROOT_DSE_PROBE = encodeSearch({ base: '', scope: 'base', filter: '(objectClass=*)', attributes: ['1.1'] });

/** An extended request without a value (section 4.12). */
export function encodeExtended(name: string): Buffer {
  return element(Operation.extendedRequest, octetString(name, 0x80));
}

/** An abandon request for the request with this message id (section 4.11). */
export function encodeAbandon(id: number): Buffer {
  return integer(id, Operation.abandonRequest);
}

export function encodeUnbind(): Buffer {
  return element(Operation.unbindRequest);
}
