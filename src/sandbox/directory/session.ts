import type { Socket } from 'node:net';
import { ResultCode } from '../../domain/directory-error.ts';
import { dnText } from '../../domain/dn.ts';
import { Framer } from '../../ldap/wire/framer.ts';
import { ControlOid, type DecodedControls, readControls } from './controls.ts';
import { type Directory, type EntryChange, parseRequestDn } from './directory.ts';
import { select } from './entry.ts';
import { matches } from './filter.ts';
import { Refusal } from './refusal.ts';
import { type Operation, type Request, readRequest, type SearchOperation } from './request.ts';
import {
  entryElement,
  entryMessage,
  noticeOfDisconnection,
  RESPONSE_TAG,
  type ResponseControl,
  type Result,
  responseValue,
  resultMessage,
} from './response.ts';
import type { Subject } from './rights.ts';
import { ExtensionOid } from './root-dse.ts';
import { type ActivePersistentSearch, notification, search } from './search.ts';

/** A client with more unread notifications than this, in bytes, is disconnected. */
const MOST_UNSENT = 16 * 1024 * 1024;

const LARGEST_REQUEST = 4 * 1024 * 1024;

const SUCCESS: Result = { code: ResultCode.success, matchedDn: '', message: '' };

type WriteOperation = Extract<Operation, { kind: 'modify' | 'add' | 'delete' | 'rename' }>;

/** The connection of one client. It answers requests in order and sends notifications. */
export class Session {
  readonly #socket: Socket;
  readonly #directory: Directory;
  readonly #publish: (change: EntryChange) => void;
  readonly #persistentSearches = new Map<number, ActivePersistentSearch>();
  #subject: Subject = [];

  /** `publish` is called for each write of this client, after its response was sent. */
  constructor(socket: Socket, directory: Directory, publish: (change: EntryChange) => void) {
    this.#socket = socket;
    this.#directory = directory;
    this.#publish = publish;
    const framer = new Framer((bytes, start, end) => this.#receive(bytes.subarray(start, end)), {
      limit: LARGEST_REQUEST,
    });
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy()); // the client is gone; 'close' follows
    socket.on('data', (chunk: Buffer) => {
      try {
        if (!socket.writableEnded) framer.push(chunk);
      } catch {
        this.#disconnect('the client sent something that is not an LDAP message');
      }
    });
  }

  /** Notifies the persistent searches of this client of a change. */
  notify(change: EntryChange): void {
    for (const [messageId, watch] of this.#persistentSearches) {
      const found = notification(this.#directory, watch, change);
      if (found !== undefined) this.#send(entryMessage(messageId, found.entry, found.controls));
    }
    if (this.#socket.writableLength > MOST_UNSENT) this.#socket.destroy();
  }

  #receive(bytes: Buffer): void {
    if (this.#socket.writableEnded) return; // it follows an unbind request
    let request: Request;
    try {
      request = readRequest(bytes);
    } catch {
      this.#disconnect('the request cannot be decoded');
      return;
    }
    try {
      this.#perform(request);
    } catch (error) {
      this.#refuse(request, error);
    }
  }

  #perform({ messageId, operation, controls }: Request): void {
    switch (operation.kind) {
      case 'unbind':
        this.#persistentSearches.clear();
        this.#socket.end();
        break;
      case 'abandon':
        this.#persistentSearches.delete(operation.messageId);
        break;
      case 'bind':
        this.#bind(messageId, operation);
        break;
      case 'extended':
        this.#extended(messageId, operation);
        break;
      case 'search':
        this.#search(messageId, operation, this.#accept(operation, controls));
        break;
      case 'compare':
        this.#accept(operation, controls);
        this.#compare(messageId, operation);
        break;
      case 'add':
      case 'modify':
      case 'delete':
      case 'rename':
        this.#update(messageId, operation, this.#accept(operation, controls));
        break;
    }
  }

  /** Reads the controls. Throws a Refusal if an assertion among them fails (RFC 4528). */
  #accept(operation: Operation, controls: Request['controls']): DecodedControls {
    const requested = readControls(operation, controls);
    const { assertion } = requested;
    if (assertion === undefined) return requested;
    const name = operation.kind === 'search' ? operation.base : 'dn' in operation ? operation.dn : '';
    if (!matches(assertion, this.#directory.read(this.#subject, parseRequestDn(name)))) {
      throw new Refusal(ResultCode.assertionFailed, 'the assertion does not hold');
    }
    return requested;
  }

  #bind(messageId: number, { version, name, password }: Extract<Operation, { kind: 'bind' }>): void {
    this.#subject = [];
    if (version !== 3) throw new Refusal(ResultCode.protocolError, 'only version 3 of LDAP is supported');
    if (password === undefined) {
      throw new Refusal(ResultCode.authMethodNotSupported, 'SASL is not supported: bind with a DN and a password (-x)');
    }
    this.#subject = this.#directory.authenticate(name, password);
    this.#answer(messageId, 'bind', SUCCESS);
  }

  #extended(messageId: number, { oid }: Extract<Operation, { kind: 'extended' }>): void {
    if (oid !== ExtensionOid.whoAmI)
      throw new Refusal(ResultCode.protocolError, `unsupported extended operation ${oid}`);
    const who = this.#subject.length === 0 ? '' : `dn:${dnText(this.#subject)}`;
    this.#send(resultMessage(messageId, RESPONSE_TAG.extended, SUCCESS, [], [responseValue(who)]));
  }

  #search(messageId: number, operation: SearchOperation, requested: DecodedControls): void {
    const { persistent } = requested;
    const found = search(this.#directory, this.#subject, operation, persistent === undefined ? requested : {});
    if (persistent?.changesOnly !== true) {
      for (const entry of found.entries) this.#send(entryMessage(messageId, entry));
    }
    if (persistent === undefined || (found.code !== ResultCode.success && !persistent.changesOnly)) {
      this.#answer(messageId, 'search', { ...SUCCESS, code: found.code }, found.controls);
      return;
    }
    const watch = { subject: this.#subject, base: parseRequestDn(operation.base), operation, control: persistent };
    this.#persistentSearches.set(messageId, watch);
  }

  #compare(messageId: number, { dn, attribute, value }: Extract<Operation, { kind: 'compare' }>): void {
    const same = this.#directory.compare(this.#subject, dn, attribute, value);
    this.#answer(messageId, 'compare', {
      ...SUCCESS,
      code: same ? ResultCode.compareTrue : ResultCode.compareFalse,
    });
  }

  #update(messageId: number, operation: WriteOperation, { preRead, postRead }: DecodedControls): void {
    const change = this.#write(operation);
    const { before, after } = this.#directory.visibleTo(this.#subject, change);
    const controls: ResponseControl[] = [];
    if (preRead !== undefined && before !== undefined) {
      controls.push({ oid: ControlOid.preRead, value: entryElement(select(before, preRead)) });
    }
    if (postRead !== undefined && after !== undefined) {
      controls.push({ oid: ControlOid.postRead, value: entryElement(select(after, postRead)) });
    }
    this.#answer(messageId, operation.kind, SUCCESS, controls);
    this.#publish(change);
  }

  #write(operation: WriteOperation): EntryChange {
    switch (operation.kind) {
      case 'add':
        return this.#directory.add(this.#subject, operation.dn, operation.attributes);
      case 'modify':
        return this.#directory.modify(this.#subject, operation.dn, operation.changes);
      case 'delete':
        return this.#directory.delete(this.#subject, operation.dn);
      case 'rename':
        return this.#directory.rename(this.#subject, operation.dn, operation);
    }
  }

  #refuse({ messageId, operation }: Request, error: unknown): void {
    // These have no response.
    if (operation.kind === 'unbind' || operation.kind === 'abandon') return;
    const result =
      error instanceof Refusal
        ? { code: error.code, matchedDn: error.matchedDn, message: error.message }
        : { code: ResultCode.other, matchedDn: '', message: 'the embedded directory failed' };
    this.#answer(messageId, operation.kind, result);
  }

  #answer(
    messageId: number,
    kind: keyof typeof RESPONSE_TAG,
    result: Result,
    controls: readonly ResponseControl[] = [],
  ): void {
    this.#send(resultMessage(messageId, RESPONSE_TAG[kind], result, controls));
  }

  #disconnect(message: string): void {
    this.#persistentSearches.clear();
    if (this.#socket.writable)
      this.#socket.end(noticeOfDisconnection({ ...SUCCESS, code: ResultCode.protocolError, message }));
  }

  #send(message: Buffer): void {
    if (this.#socket.writable) this.#socket.write(message);
  }
}
