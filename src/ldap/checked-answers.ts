import type { Client } from 'ldapjs';
import { DirectoryError } from '../domain/directory-error.ts';
import { malformed } from './wire/ber.ts';
import { Framer } from './wire/framer.ts';
import { readLdapResult } from './wire/ldap-result.ts';
import { findControl, Operation, readMessage } from './wire/message.ts';

/** The answers to what ldapjs is asked to do: binds, StartTLS and writes. */
const ANSWERS: ReadonlySet<number> = new Set([
  Operation.bindResponse,
  Operation.extendedResponse,
  Operation.modifyResponse,
  Operation.addResponse,
  Operation.deleteResponse,
]);

/**
 * Lets a connected ldapjs client see whole and well-formed answers only, and no huge ones: what makes one so large is left out,
 * such as the entry that a Post-Read control holds. Its own parser (pinned exactly) never returns from some malformed controls,
 * which would stop the whole service. `fail` is told of the first other message, and nothing behind it is read.
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

/** Throws a DirectoryError for a message that is no well-formed answer. */
function check(bytes: Buffer, start: number, end: number): void {
  const message = readMessage(bytes, start, end);
  if (!ANSWERS.has(message.operation)) throw malformed(`0x${message.operation.toString(16)} answers no write`);
  readLdapResult(message);
  findControl(message, ''); // walks through all of them, as none has this type
}
