import type { AccountDirectory, ModifyOptions } from '../domain/directory.ts';
import { DirectoryError, ResultCode } from '../domain/directory-error.ts';
import { isAtOrBelow } from '../domain/dn.ts';
import { type DirectoryEntry, entryAt } from '../domain/entry.ts';
import { versionOfFence } from '../domain/fence.ts';
import type { Modification } from '../domain/transition.ts';
import type { DirectoryAccess } from './access.ts';
import { awaitAnswer } from './awaited-answer.ts';
import { responseTimeout } from './connection-error.ts';
import { type ConnectionSource, OnDemandConnection } from './connection-source.ts';
import { resultError } from './remedies.ts';
import { type SearchOptions, search } from './search.ts';
import { ASSERTION, encodeAssertion } from './wire/assertion.ts';
import { malformed } from './wire/ber.ts';
import { escapeFilterValue } from './wire/filter.ts';
import { readLdapResult } from './wire/ldap-result.ts';
import { findControl, type LdapMessage, Operation, type RequestControl } from './wire/message.ts';
import { encodePostReadRequest, POST_READ, readPostRead } from './wire/post-read.ts';
import type { SearchRequest } from './wire/request.ts';
import { encodeAdd, encodeDelete, encodeModify, type WireAttribute } from './wire/write-request.ts';

/**
 * The attributes requested for an account: all user attributes, and the operational ones that
 * decisions need.
 */
const WHOLE_ENTRY = ['*', 'entryUUID', 'modifyTimestamp', 'modifiersName', 'entryCSN'];
const POST_READ_CONTROLS = {
  entry: postReadControl(WHOLE_ENTRY),
  version: postReadControl(['modifyTimestamp', 'entryCSN']),
} as const;

/** The Post-Read control. A server that does not know it ignores it. */
function postReadControl(attributes: readonly string[]): RequestControl {
  return { type: POST_READ, criticality: false, value: encodePostReadRequest(attributes) };
}

export interface OperationsOptions {
  readonly connections: ConnectionSource;
  /** Accounts are searched for at and below this DN. */
  readonly base: string;
  /** A write, or a search without progress, is given up after this time. */
  readonly timeoutMilliseconds: number;
  /**
   * Called when the server at `url` answers a write with a referral, which means that the server is
   * a read-only replica.
   */
  readonly referred?: (error: DirectoryError, url: string) => void;
}

/** Operations on the server at one URL, over a connection of their own that opens on demand. */
export function operationsAt(access: DirectoryAccess, url: string, base: string): DirectoryOperations {
  const { timeoutMilliseconds } = access;
  return new DirectoryOperations({ connections: new OnDemandConnection(access, url), base, timeoutMilliseconds });
}

/**
 * The ordinary operations on the directory. DNs and values are sent byte for byte. No operation is
 * repeated after a failure. Every method rejects with a DirectoryError.
 */
export class DirectoryOperations implements AccountDirectory {
  readonly #options: OperationsOptions;

  constructor(options: OperationsOptions) {
    this.#options = options;
  }

  /** Closes for good. Pending operations reject at once, and so do all later ones. */
  close(): void {
    this.#options.connections.close();
  }

  async modify(
    dn: string,
    modifications: readonly Modification[],
    { postRead, fence }: ModifyOptions = {},
  ): Promise<DirectoryEntry | undefined> {
    const version = fence === undefined ? undefined : versionOfFence(fence);
    const controls = [
      ...(postRead === undefined ? [] : [POST_READ_CONTROLS[postRead]]),
      ...(version === undefined ? [] : [assertion(`(entryCSN=${escapeFilterValue(version)})`)]),
    ];
    const changes = modifications.map(({ operation, attribute, values }) => ({
      operation,
      name: attribute,
      values: values.map((value) => Buffer.from(value, 'utf8')),
    }));
    return this.#write(encodeModify(dn, changes), Operation.modifyResponse, controls);
  }

  async add(dn: string, attributes: Readonly<Record<string, ReadonlyArray<string | Buffer>>>): Promise<void> {
    const list: WireAttribute[] = Object.entries(attributes).map(([name, values]) => ({
      name,
      values: values.map((value) => (typeof value === 'string' ? Buffer.from(value, 'utf8') : value)),
    }));
    await this.#write(encodeAdd(dn, list), Operation.addResponse);
  }

  async delete(dn: string): Promise<void> {
    await this.#write(encodeDelete(dn), Operation.deleteResponse);
  }

  async read(dn: string): Promise<DirectoryEntry | undefined> {
    const entry = await this.#first({ base: dn, scope: 'base', filter: '(objectClass=*)', attributes: WHOLE_ENTRY });
    // Use the DN of the request: the one in the response may be damaged.
    return entry === undefined ? undefined : entryAt(dn, entry);
  }

  async find(entryUUID: string): Promise<DirectoryEntry | undefined> {
    const entry = await this.#first({
      base: this.#options.base,
      scope: 'subtree',
      filter: `(entryUUID=${escapeFilterValue(entryUUID)})`,
      attributes: WHOLE_ENTRY,
    });
    if (entry !== undefined && !isAtOrBelow(entry.dn, this.#options.base)) throw malformed('an entry outside the base');
    return entry;
  }

  /**
   * Calls `entry` for each entry at or below the base that matches the filter. An entry over the
   * size limit has only its DN (`unreadable`). If the server has refused pages, the call resolves
   * to that refusal, and entries may have been passed twice.
   */
  async search(
    request: Pick<SearchRequest, 'filter' | 'attributes'> & Partial<SearchRequest>,
    options: Omit<SearchOptions, 'timeoutMilliseconds'>,
    entry: (entry: DirectoryEntry) => void,
  ): Promise<DirectoryError | undefined> {
    const { connections, base, timeoutMilliseconds } = this.#options;
    const connection = await connections.connection();
    return search(connection, { base, scope: 'subtree', ...request }, { ...options, timeoutMilliseconds }, entry);
  }

  async #first(request: SearchRequest): Promise<DirectoryEntry | undefined> {
    let first: DirectoryEntry | undefined;
    try {
      await this.search(request, {}, (entry) => {
        first ??= entry;
      });
    } catch (error) {
      if (error instanceof DirectoryError && error.resultCode === ResultCode.noSuchObject) return undefined;
      throw error;
    }
    if (first?.unreadable !== undefined) {
      throw new DirectoryError(`${first.dn}: ${first.unreadable}`, { resultCode: ResultCode.answerTooLarge });
    }
    return first;
  }

  /**
   * Sends a write. Resolves to the entry of a Post-Read control. If no answer arrives in time, the
   * connection is failed, because it is not known whether the write was carried out.
   */
  async #write(
    operation: Buffer,
    answer: number,
    controls: readonly RequestControl[] = [],
  ): Promise<DirectoryEntry | undefined> {
    const { connections, timeoutMilliseconds, referred } = this.#options;
    const connection = await connections.connection();
    const { url } = connection;
    const awaited = awaitAnswer(connection, timeoutMilliseconds, () =>
      connection.fail(responseTimeout(url, timeoutMilliseconds)),
    );
    const response = connection.ask(operation, (message) => readAnswer(message, answer), controls);
    const { result, entry } = await response.finally(() => awaited.stop());
    if (result.resultCode === ResultCode.success) return entry;
    const error = resultError('the directory answered', result);
    if (error.resultCode === ResultCode.referral) referred?.(error, url);
    throw error;
  }
}

function readAnswer(message: LdapMessage, expected: number) {
  if (message.operation !== expected) throw malformed(`0x${message.operation.toString(16)} answers no such write`);
  const control = findControl(message, POST_READ);
  return { result: readLdapResult(message), entry: control === undefined ? undefined : readPostRead(control) };
}

/**
 * The Assertion control. It is critical, because a server that ignored it would carry out a write
 * that it has to refuse.
 */
function assertion(filter: string): RequestControl {
  return { type: ASSERTION, criticality: true, value: encodeAssertion(filter) };
}
