import controls from '@ldapjs/controls';
import ldapjs, { type Client, type ErrorCallback } from 'ldapjs';
import type { AccountDirectory, ModifyOptions } from '../domain/directory.ts';
import { DirectoryError, ResultCode } from '../domain/directory-error.ts';
import { isAtOrBelow } from '../domain/dn.ts';
import { type DirectoryEntry, entryAt } from '../domain/entry.ts';
import { versionOfFence } from '../domain/fence.ts';
import type { Modification } from '../domain/transition.ts';
import type { DirectoryAccess } from './access.ts';
import type { Connection } from './connection.ts';
import { type BoundClient, connectClient } from './ldapjs-client.ts';
import { openConnection } from './open-connection.ts';
import { connectionError } from './remedies.ts';
import { type SearchOptions, search } from './search.ts';
import { ASSERTION, encodeAssertion } from './wire/assertion.ts';
import { malformed, Tag } from './wire/ber.ts';
import { escapeFilterValue } from './wire/filter.ts';
import { decodePostReadResponse, encodePostReadRequest, POST_READ } from './wire/post-read.ts';
import type { SearchRequest } from './wire/request.ts';

/**
 * The attributes requested for an account: all user attributes, and the operational ones that
 * decisions need.
 */
const WHOLE_ENTRY = ['*', 'entryUUID', 'createTimestamp', 'modifyTimestamp', 'modifiersName', 'entryCSN'];
const POST_READ_REQUESTS = {
  entry: encodePostReadRequest(WHOLE_ENTRY),
  version: encodePostReadRequest(['modifyTimestamp', 'entryCSN']),
} as const;

export interface OperationsOptions {
  readonly access: DirectoryAccess;
  /** Accounts are searched for at and below this DN. */
  readonly base: string;
  /** Called when the server at `url` answers a write with a referral: it is a read-only replica. */
  readonly referred?: (error: DirectoryError, url: string) => void;
}

/**
 * The ordinary operations on the directory. Writes go through ldapjs. Reads use a `Connection`, as
 * ldapjs does not accept every DN that a server may send. Both connections are opened on demand and
 * dropped when they fail; the next operation opens a new one. No operation is repeated after a
 * failure. Every method rejects with a DirectoryError.
 */
export class DirectoryOperations implements AccountDirectory {
  readonly #access: DirectoryAccess;
  readonly #base: string;
  readonly #referred: (error: DirectoryError, url: string) => void;
  #url: string;
  #writer: Promise<BoundClient> | undefined;
  #reader: Promise<Connection> | undefined;
  /** Closes both connections to the server in use and rejects their pending requests. */
  #connections = new AbortController();
  #closed = false;

  constructor({ access, base, referred = () => {} }: OperationsOptions) {
    const [url] = access.urls;
    if (url === undefined) throw new RangeError('no directory URL is configured');
    this.#access = access;
    this.#base = base;
    this.#referred = referred;
    this.#url = url;
  }

  /**
   * Selects the server for all further operations. It is the one of the subscription, so that
   * changes are written to the server that reported them.
   */
  use(url: string): void {
    if (this.#closed) return;
    if (url !== this.#url) {
      this.#disconnect();
      this.#connections = new AbortController();
      this.#url = url;
    }
    // Connect now, so that the first write need not wait. If this fails, that write reports it.
    if (this.#writer === undefined) this.#connectWriter().catch(() => {});
  }

  /**
   * Closes for good: pending operations reject at once, and so do all later ones. No connection is
   * opened any more.
   */
  close(): void {
    this.#closed = true;
    this.#disconnect();
  }

  #disconnect(): void {
    this.#connections.abort(new DirectoryError(`${this.#url}: the connection was closed`));
    this.#writer = undefined;
    this.#reader = undefined;
  }

  async modify(
    dn: string,
    modifications: readonly Modification[],
    { postRead, fence }: ModifyOptions = {},
  ): Promise<DirectoryEntry | undefined> {
    const changes = modifications.map(
      ({ operation, attribute, values }) =>
        new ldapjs.Change({ operation, modification: new ldapjs.Attribute({ type: attribute, values: [...values] }) }),
    );
    const version = fence === undefined ? undefined : versionOfFence(fence);
    const asked = [
      ...(postRead === undefined ? [] : [new RequestControl(POST_READ, false, POST_READ_REQUESTS[postRead])]),
      ...(version === undefined ? [] : [assertion(`(entryCSN=${escapeFilterValue(version)})`)]),
    ];
    const result = await this.#write<ModifyResult>((client, settle) =>
      client.modify(asSent(dn), changes, asked, settle as ErrorCallback),
    );
    const control = result?.controls.find(({ type }) => type === POST_READ);
    return control?.value instanceof Buffer ? decodePostReadResponse(control.value) : undefined;
  }

  async add(dn: string, attributes: Readonly<Record<string, ReadonlyArray<string | Buffer>>>): Promise<void> {
    const list = Object.entries(attributes).map(
      ([type, values]) => new ldapjs.Attribute({ type, values: [...values] as string[] }),
    );
    await this.#write((client, settle) => client.add(asSent(dn), list, settle));
  }

  async delete(dn: string): Promise<void> {
    await this.#write((client, settle) => client.del(asSent(dn), settle));
  }

  async read(dn: string): Promise<DirectoryEntry | undefined> {
    const found = await this.#first({ base: dn, scope: 'base', filter: '(objectClass=*)', attributes: WHOLE_ENTRY });
    // Use the DN of the request: the one in the response may be damaged.
    return found === undefined ? undefined : entryAt(dn, found);
  }

  async find(entryUUID: string): Promise<DirectoryEntry | undefined> {
    const found = await this.#first({
      base: this.#base,
      scope: 'subtree',
      filter: `(entryUUID=${escapeFilterValue(entryUUID)})`,
      attributes: WHOLE_ENTRY,
    });
    if (found !== undefined && !isAtOrBelow(found.dn, this.#base)) throw malformed('an entry outside the base');
    return found;
  }

  /**
   * Calls `entry` for each entry at or below the base that matches the filter. An entry over the
   * size limit has only its DN (`unreadable`).
   */
  async search(
    request: Pick<SearchRequest, 'filter' | 'attributes'> & Partial<SearchRequest>,
    options: Omit<SearchOptions, 'timeoutMilliseconds'>,
    entry: (entry: DirectoryEntry) => void,
  ): Promise<void> {
    const timeoutMilliseconds = this.#access.timeoutMilliseconds;
    const connection = await this.#reading();
    await search(
      connection,
      { base: this.#base, scope: 'subtree', ...request },
      { ...options, timeoutMilliseconds },
      entry,
    );
  }

  async #first(request: SearchRequest): Promise<DirectoryEntry | undefined> {
    let found: DirectoryEntry | undefined;
    try {
      await this.search(request, {}, (entry) => {
        found ??= entry;
      });
    } catch (error) {
      if (error instanceof DirectoryError && error.resultCode === ResultCode.noSuchObject) return undefined;
      throw error;
    }
    if (found?.unreadable !== undefined) {
      throw new DirectoryError(`${found.dn}: ${found.unreadable}`, { resultCode: ResultCode.answerTooLarge });
    }
    return found;
  }

  async #write<T>(
    send: (client: Client, settle: (error: unknown, result?: T) => void) => void,
  ): Promise<T | undefined> {
    const url = this.#url;
    const attempt = this.#writer ?? this.#connectWriter();
    const drop = (): void => {
      if (this.#writer === attempt) this.#writer = undefined;
    };
    try {
      const bound = await attempt;
      const failure = bound.failure();
      if (failure !== undefined) {
        // It failed while no request was pending, so nothing was written: connect again at once.
        drop();
        return await this.#write(send);
      }
      return await new Promise<T | undefined>((resolve, reject) => {
        send(bound.client, (error, result) => {
          if (error === null || error === undefined) resolve(result);
          else reject(bound.failure() ?? error);
        });
      });
    } catch (error) {
      const cause = connectionError(url, error);
      if (cause.resultCode === undefined || cause.resultCode === ResultCode.unavailable) {
        drop();
        attempt.then((bound) => bound.close()).catch(() => {});
      }
      if (cause.resultCode === ResultCode.referral) this.#referred(cause, url);
      throw cause;
    }
  }

  #connectWriter(): Promise<BoundClient> {
    const attempt = connectClient(this.#access, this.#url, this.#connections.signal);
    this.#writer = attempt;
    attempt.catch(() => {
      if (this.#writer === attempt) this.#writer = undefined;
    });
    return attempt;
  }

  async #reading(): Promise<Connection> {
    const known = this.#reader;
    const present = await known?.catch(() => undefined);
    if (present !== undefined && !present.closed) return present;
    // Of all callers that waited for the failed connection, the first opens the new one.
    if (this.#reader === known) this.#reader = openConnection(this.#access, this.#url, this.#connections.signal);
    return this.#reader ?? this.#reading();
  }
}

/** The result that ldapjs gives for a modify request. */
interface ModifyResult {
  readonly controls: ReadonlyArray<{ readonly type: string; readonly value: Buffer | null }>;
}

/** Critical: a server that ignored the control would carry out a write that it has to refuse. */
function assertion(filter: string): RequestControl {
  return new RequestControl(ASSERTION, true, encodeAssertion(filter));
}

/**
 * A control whose value is sent byte for byte. A server that does not know the control ignores it,
 * unless it is critical.
 */
class RequestControl extends controls.Control {
  readonly #value: Buffer;

  constructor(type: string, criticality: boolean, value: Buffer) {
    super({ type, criticality });
    this.#value = value;
  }

  _toBer(ber: { writeBuffer(value: Buffer, tag: number): void }): void {
    ber.writeBuffer(this.#value, Tag.octetString);
  }
}

/** Makes ldapjs send a DN as it is: for some DNs its parser and printer yield a different one. */
function asSent(dn: string): string {
  return { [Symbol.toStringTag]: 'LdapDn', toString: () => dn } as unknown as string;
}
