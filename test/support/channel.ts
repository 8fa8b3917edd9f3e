import { DirectoryError } from '../../src/domain/directory-error.ts';
import type { Receiver } from '../../src/ldap/connection.ts';
import { BerReader, element, enumerated, octetString, sequence, Tag } from '../../src/ldap/wire/ber.ts';
import { encodeMessage, Operation, type RequestControl, readMessage } from '../../src/ldap/wire/message.ts';
import type { Channel } from '../../streams/protocols/protocol.ts';

/**
 * The server's side of a connection, for tests: it records requests and sends the responses that
 * the test gives.
 */
export class ScriptedChannel implements Channel {
  readonly requests: { readonly controls: readonly RequestControl[]; readonly base: string }[] = [];
  readonly forgotten: number[] = [];
  refreshUnderWay = false;
  readonly #receivers: Receiver[] = [];

  send(operation: Buffer, receiver: Receiver, controls: readonly RequestControl[] = []): number {
    const base = new BerReader(operation).enter(Operation.searchRequest).text();
    this.requests.push({ controls, base });
    return this.#receivers.push(receiver);
  }

  forget(id: number): void {
    this.forgotten.push(id);
  }

  refreshing(under: boolean): void {
    this.refreshUnderWay = under;
  }

  /** Answers the n-th request (from 0) with an entry. */
  entry(request: number, dn: string, control?: RequestControl): void {
    const uid = sequence(octetString('uid'), element(Tag.set, octetString('1')));
    const operation = element(Operation.searchResultEntry, octetString(dn), sequence(uid));
    this.answer(request, operation, control === undefined ? [] : [control]);
  }

  done(request: number, resultCode: number, words = ''): void {
    const operation = element(Operation.searchResultDone, enumerated(resultCode), octetString(''), octetString(words));
    this.answer(request, operation);
  }

  answer(request: number, operation: Buffer, controls: readonly RequestControl[] = []): void {
    this.#receivers[request]?.message(readMessage(encodeMessage(request + 1, operation, controls)));
  }

  /** Breaks the connection. */
  fail(message: string): void {
    for (const receiver of this.#receivers) receiver.failed(new DirectoryError(message));
  }
}
