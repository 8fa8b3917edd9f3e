import { Observable, type Subscriber } from 'rxjs';
import type { DirectoryChange } from '../../../src/domain/change.ts';
import { DirectoryError, ResultCode } from '../../../src/domain/directory-error.ts';
import { resultError } from '../../../src/ldap/remedies.ts';
import { malformed } from '../../../src/ldap/wire/ber.ts';
import { type LdapResult, readLdapResult } from '../../../src/ldap/wire/ldap-result.ts';
import {
  endsSearch,
  findControl,
  type LdapMessage,
  Operation,
  operationReader,
} from '../../../src/ldap/wire/message.ts';
import { encodeSearch } from '../../../src/ldap/wire/request.ts';
import { readSearchEntry } from '../../../src/ldap/wire/search-entry.ts';
import { type Channel, NotOffered, type Now, type Protocol, type WatchedContent } from '../protocol.ts';
import {
  decodeSyncInfo,
  decodeSyncState,
  encodeSyncRequest,
  formatUUID,
  SYNC_INFO,
  SYNC_REQUEST,
  SYNC_STATE,
} from './codec.ts';
import { afterInfo, meaningOf, type Phase } from './refresh-phase.ts';

/**
 * The result codes with which servers without the protocol answer its critical control. slapd and
 * 389-ds answer 12; the others have been seen elsewhere.
 */
const REFUSALS: ReadonlySet<number> = new Set([
  ResultCode.unavailableCriticalExtension,
  ResultCode.operationsError,
  ResultCode.protocolError,
  ResultCode.unwillingToPerform,
]);

/**
 * The tags of responseName and responseValue in an IntermediateResponse (RFC 4511, section 4.13).
 */
const RESPONSE_NAME = 0x80;
const RESPONSE_VALUE = 0x81;

/**
 * LDAP Content Synchronization (RFC 4533), refreshAndPersist without a cookie: the refresh is
 * always the whole content.
 */
export const syncrepl: Protocol = {
  name: 'syncrepl',
  title: 'content synchronization (RFC 4533)',
  watch: (connection, content) => watchBySyncrepl(connection, content, () => performance.now()),
};

export function watchBySyncrepl(connection: Channel, content: WatchedContent, now: Now): Observable<DirectoryChange> {
  return new Observable((subscriber) => {
    const watch = new Watch(connection, subscriber, now);
    connection.refreshing(true);
    const id = connection.send(
      encodeSearch({ scope: 'subtree', ...content }),
      { message: (message) => watch.message(message), failed: (error) => subscriber.error(error) },
      [
        {
          type: SYNC_REQUEST,
          criticality: true,
          value: encodeSyncRequest({ mode: 'refreshAndPersist', reloadHint: false }),
        },
      ],
    );
    return () => {
      connection.forget(id);
      connection.refreshing(false);
    };
  });
}

/**
 * The state of one subscription.
 *
 * asked -> refresh (`#taken`)   the first message that only this protocol sends
 * refresh -> persist            see refresh-phase.ts
 */
class Watch {
  readonly #connection: Channel;
  readonly #subscriber: Subscriber<DirectoryChange>;
  readonly #now: Now;
  readonly #startedAt: number;
  #taken = false;
  #phase: Phase = 'refresh';
  #entries = 0;

  constructor(connection: Channel, subscriber: Subscriber<DirectoryChange>, now: Now) {
    this.#connection = connection;
    this.#subscriber = subscriber;
    this.#now = now;
    this.#startedAt = now();
  }

  message(message: LdapMessage): void {
    if (message.operation === Operation.searchResultEntry) this.#entry(message);
    else if (message.operation === Operation.intermediateResponse) this.#intermediate(message);
    else if (endsSearch(message)) this.#subscriber.error(this.#ending(readLdapResult(message)));
  }

  #entry(message: LdapMessage): void {
    const control = findControl(message, SYNC_STATE);
    if (control === undefined) {
      this.#subscriber.error(
        this.#taken ? malformed('an entry without its sync state') : ignored('it sends entries without their state'),
      );
      return;
    }
    const { state, entryUUID } = decodeSyncState(control);
    this.#take();
    const meaning = meaningOf(this.#phase, state);
    if (meaning === 'unchanged') return;
    const entry = readSearchEntry(message);
    if (meaning === 'left') {
      this.#subscriber.next({ kind: 'left', dn: entry.dn, entryUUID: formatUUID(entryUUID) });
      return;
    }
    if (meaning === 'refresh') this.#entries += 1;
    this.#subscriber.next({ kind: 'entry', change: meaning, entry });
  }

  #intermediate(message: LdapMessage): void {
    const reader = operationReader(message);
    const name = reader.peek() === RESPONSE_NAME ? reader.text(RESPONSE_NAME) : '';
    if (name !== SYNC_INFO) return;
    const info = decodeSyncInfo(reader.enter(RESPONSE_VALUE));
    this.#take();
    const before = this.#phase;
    const { phase, left } = afterInfo(before, info);
    this.#phase = phase;
    for (const uuid of left) this.#subscriber.next({ kind: 'left', dn: '', entryUUID: formatUUID(uuid) });
    if (before === phase) return;
    this.#connection.refreshing(false);
    const milliseconds = Math.round(this.#now() - this.#startedAt);
    this.#subscriber.next({ kind: 'refreshed', entries: this.#entries, milliseconds });
  }

  #take(): void {
    if (this.#taken) return;
    this.#taken = true;
    this.#subscriber.next({ kind: 'refreshing' });
  }

  #ending(result: LdapResult): DirectoryError {
    if (!this.#taken && REFUSALS.has(result.resultCode)) {
      return NotOffered.from(resultError('content synchronization (RFC 4533)', result));
    }
    if (result.resultCode !== ResultCode.success) return resultError('the subscription ended', result);
    if (!this.#taken) return ignored('it ends the search at once');
    return new DirectoryError('the directory ended the subscription', {
      resultCode: result.resultCode,
      remedy: 'see the log of the directory server; it is subscribed to again by itself',
    });
  }
}

function ignored(how: string): NotOffered {
  return new NotOffered(
    `content synchronization (RFC 4533): the server takes the control and does not honour it: ${how}`,
    { resultCode: ResultCode.unavailableCriticalExtension },
  );
}
