import { Observable, type Subscriber } from 'rxjs';
import type { DirectoryChange } from '../../../src/domain/change.ts';
import { DirectoryError, ResultCode } from '../../../src/domain/directory-error.ts';
import { resultError } from '../../../src/ldap/remedies.ts';
import { type LdapResult, readLdapResult } from '../../../src/ldap/wire/ldap-result.ts';
import { endsSearch, findControl, type LdapMessage, Operation } from '../../../src/ldap/wire/message.ts';
import { encodeSearch, ROOT_DSE_PROBE } from '../../../src/ldap/wire/request.ts';
import { readSearchEntry } from '../../../src/ldap/wire/search-entry.ts';
import { type Channel, NotOffered, type Now, type Protocol, type WatchedContent } from '../protocol.ts';
import {
  ALL_CHANGE_TYPES,
  decodeEntryChangeNotification,
  ENTRY_CHANGE_NOTIFICATION,
  encodePersistentSearch,
  PERSISTENT_SEARCH,
} from './codec.ts';
import { changeOf } from './notification.ts';

/**
 * Persistent search (draft-ietf-ldapext-psearch-03). The server sends the present content and then
 * the changes, and misses no change in between. But it does not mark where the content ends. So an
 * ordinary search of the same content is sent as well, and its end is the end of the refresh.
 * Entries of the present content therefore come twice. An entry that leaves the content by a change
 * of its attributes is never reported.
 */
export const persistentSearch: Protocol = {
  name: 'persistentSearch',
  title: 'persistent search',
  namedControl: PERSISTENT_SEARCH,
  watch: (connection, content) => watchByPersistentSearch(connection, content, () => performance.now()),
};

export function watchByPersistentSearch(
  connection: Channel,
  content: WatchedContent,
  now: Now,
): Observable<DirectoryChange> {
  return new Observable((subscriber) => {
    const watch = new Watch(connection, content, subscriber, now);
    watch.start();
    return () => watch.stop();
  });
}

/**
 * The state of one persistent search. A search for the root DSE, which every server answers, is
 * sent right after it. If its answer comes before a refusal, the server has accepted the control.
 *
 * asked -> accepted (`#taken`)   an entry or that answer came: the ordinary search is sent
 * accepted -> refreshed          the ordinary search has ended
 */
class Watch {
  readonly #connection: Channel;
  readonly #request: Buffer;
  readonly #subscriber: Subscriber<DirectoryChange>;
  readonly #now: Now;
  readonly #startedAt: number;
  readonly #ids: number[] = [];
  #taken = false;
  #entries = 0;

  constructor(connection: Channel, content: WatchedContent, subscriber: Subscriber<DirectoryChange>, now: Now) {
    this.#connection = connection;
    this.#request = encodeSearch({ scope: 'subtree', ...content });
    this.#subscriber = subscriber;
    this.#now = now;
    this.#startedAt = now();
  }

  start(): void {
    const value = encodePersistentSearch({ changeTypes: ALL_CHANGE_TYPES, changesOnly: false, returnECs: true });
    this.#connection.refreshing(true);
    this.#send(this.#request, (message) => this.#watched(message), [
      { type: PERSISTENT_SEARCH, criticality: true, value },
    ]);
    this.#send(ROOT_DSE_PROBE, (message) => {
      if (endsSearch(message)) this.#take();
    });
  }

  stop(): void {
    for (const id of this.#ids) this.#connection.forget(id);
    this.#connection.refreshing(false);
  }

  #send(operation: Buffer, receive: (message: LdapMessage) => void, controls?: Parameters<Channel['send']>[2]): void {
    const failed = (error: DirectoryError) => this.#subscriber.error(error);
    this.#ids.push(this.#connection.send(operation, { message: receive, failed }, controls));
  }

  #take(): void {
    if (this.#taken || this.#subscriber.closed) return;
    this.#taken = true;
    this.#subscriber.next({ kind: 'refreshing' });
    this.#send(this.#request, (message) => this.#listed(message));
  }

  /** An answer to the persistent search. */
  #watched(message: LdapMessage): void {
    if (endsSearch(message)) {
      this.#subscriber.error(ending(readLdapResult(message)));
      return;
    }
    if (message.operation !== Operation.searchResultEntry) return;
    const control = findControl(message, ENTRY_CHANGE_NOTIFICATION);
    const notification = control === undefined ? undefined : decodeEntryChangeNotification(control);
    this.#take();
    this.#subscriber.next(changeOf(readSearchEntry(message), notification));
  }

  /** An answer to the ordinary search. */
  #listed(message: LdapMessage): void {
    if (message.operation === Operation.searchResultEntry) {
      this.#entries += 1;
      const entry = readSearchEntry(message);
      this.#subscriber.next({ kind: 'entry', change: 'refresh', entry });
      return;
    }
    if (!endsSearch(message)) return;
    const result = readLdapResult(message);
    if (result.resultCode !== ResultCode.success) {
      this.#subscriber.error(resultError('the list of the open accounts', result));
      return;
    }
    this.#connection.refreshing(false);
    const milliseconds = Math.round(this.#now() - this.#startedAt);
    this.#subscriber.next({ kind: 'refreshed', entries: this.#entries, milliseconds });
  }
}

function ending(result: LdapResult): DirectoryError {
  if (result.resultCode === ResultCode.success) {
    return new DirectoryError('the directory ended the persistent search with success', {
      resultCode: result.resultCode,
      remedy:
        'directory.base does not exist (389 Directory Server ends the search so): check it; or the server does not really have persistent search: set directory.subscription: syncrepl',
    });
  }
  if (result.resultCode === ResultCode.unavailableCriticalExtension) {
    return NotOffered.from(resultError('persistent search', result));
  }
  return resultError('the persistent search ended', result);
}
