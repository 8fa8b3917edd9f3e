import type { Client } from 'ldapjs';
import { DirectoryError } from '../domain/directory-error.ts';
import { malformed } from './wire/ber.ts';
import { Framer } from './wire/framer.ts';
import { readLdapResult } from './wire/ldap-result.ts';
import { findControl, Operation, readMessage } from './wire/message.ts';

/** The responses to the requests that ldapjs sends: binds, StartTLS and writes. */
const ANSWERS: ReadonlySet<number> = new Set([
  Operation.bindResponse,
  Operation.extendedResponse,
  Operation.modifyResponse,
  Operation.addResponse,
  Operation.deleteResponse,
]);

/**
 * Checks each response before the parser of a connected ldapjs client sees it. A response over the
 * size limit is passed on without its large content, such as the entry in a Post-Read control. For
 * a malformed message `fail` is called, and nothing after it is read. The check is needed because
 * ldapjs's parser (pinned to an exact version) never returns from some malformed controls, which
 * would block the whole service.
 */
export function checkAnswers(client: Client, fail: (error: DirectoryError) => void): void {
  const { parser } = (client as unknown as { _tracker: { parser: { write(data: Buffer): boolean } } })._tracker;
  const pass = parser.write.bind(parser);
  let failed = false;
  const deliver = (bytes: Buffer, start: number, end: number): void => {
    if (failed) return;
    check(bytes, start, end);
    pass(Buffer.from(bytes.subarray(start, end)));
  };
  const framer = new Framer(deliver, { shortened: (message) => deliver(message, 0, message.length) });
  parser.write = (data) => {
    if (failed) return false;
    try {
      framer.push(data);
      return true;
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error;
      failed = true;
      fail(error);
      return false;
    }
  };
}

/** Throws a DirectoryError unless the bytes are one well-formed response. */
function check(bytes: Buffer, start: number, end: number): void {
  const message = readMessage(bytes, start, end);
  if (!ANSWERS.has(message.operation)) throw malformed(`0x${message.operation.toString(16)} answers no write`);
  readLdapResult(message);
  findControl(message, ''); // no control has the type '', so this decodes all of them
}
