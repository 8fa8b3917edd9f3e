import { DirectoryError, ResultCode } from '../../src/domain/directory-error.ts';
import { comparableDn } from '../../src/domain/dn.ts';
import type { Receiver } from '../../src/ldap/connection.ts';
import { parseLdapUrl } from '../../src/ldap/ldap-url.ts';
import { BerReader, element, enumerated, octetString, sequence, Tag } from '../../src/ldap/wire/ber.ts';
import { encodeMessage, Operation, readMessage } from '../../src/ldap/wire/message.ts';
import type { ConnectionToAdmit } from '../../src/lock/instance-lock.ts';

/** A server's response for an entry: its attributes, or a result code. */
export type EntryResponse = Readonly<Record<string, string>> | number;

/**
 * A connection to a server that has these entries, found by their DN in any spelling. The response
 * has the spelling of the key.
 */
export class EntryConnection implements ConnectionToAdmit {
  readonly url: string;
  readonly target: ConnectionToAdmit['target'];
  readonly asked: string[] = [];
  /** undefined while the connection works. */
  failure: DirectoryError | undefined;
  isRefreshing = false;
  readonly #entries: Map<string, EntryResponse>;
  readonly #receivers = new Map<number, Receiver>();
  readonly #ending = new AbortController();
  /** Responses wait until this resolves. */
  answering: Promise<void> = Promise.resolve();

  constructor(entries: Readonly<Record<string, EntryResponse>>, url = 'ldap://localhost') {
    this.url = url;
    this.target = parseLdapUrl(url);
    this.#entries = new Map(Object.entries(entries));
  }

  get ended(): AbortSignal {
    return this.#ending.signal;
  }

  /** Changes the response for an entry. */
  change(dn: string, told: EntryResponse): void {
    this.#entries.set(dn, told);
  }

  send(operation: Buffer, receiver: Receiver): number {
    const dn = new BerReader(operation).enter(Operation.searchRequest).text();
    const id = this.asked.push(dn);
    this.#receivers.set(id, receiver);
    void this.answering.then(() => this.#answer(id, dn));
    return id;
  }

  forget(id: number): void {
    this.#receivers.delete(id);
  }

  refreshing(under: boolean): void {
    this.isRefreshing = under;
  }

  fail(error: DirectoryError): void {
    this.failure = error;
    this.close();
  }

  close(): void {
    this.#ending.abort();
    for (const receiver of this.#receivers.values()) receiver.failed(new DirectoryError('closed'));
    this.#receivers.clear();
  }

  #answer(id: number, dn: string): void {
    const [name, told] = [...this.#entries].find(([known]) => comparableDn(known) === comparableDn(dn)) ?? [];
    if (name !== undefined && typeof told === 'object') {
      const attributes = Object.entries(told).map(([type, value]) =>
        sequence(octetString(type), element(Tag.set, octetString(value))),
      );
      this.#respond(id, element(Operation.searchResultEntry, octetString(name), sequence(...attributes)));
    }
    const code = typeof told === 'object' ? ResultCode.success : (told ?? ResultCode.noSuchObject);
    this.#respond(id, element(Operation.searchResultDone, enumerated(code), octetString(''), octetString('')));
  }

  #respond(id: number, operation: Buffer): void {
    this.#receivers.get(id)?.message(readMessage(encodeMessage(id, operation)));
  }
}
