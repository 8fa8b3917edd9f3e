import { DirectoryError, ResultCode } from '../domain/directory-error.ts';
import type { DirectoryEntry } from '../domain/entry.ts';
import { awaitAnswer } from './awaited-answer.ts';
import type { Connection } from './connection.ts';
import { resultError } from './remedies.ts';
import { integer, octetString, sequence, Tag } from './wire/ber.ts';
import { readLdapResult } from './wire/ldap-result.ts';
import { endsSearch, findControl, type LdapMessage, Operation, type RequestControl } from './wire/message.ts';
import { encodeSearch, type SearchRequest } from './wire/request.ts';
import { readSearchEntry } from './wire/search-entry.ts';

/** Simple paged results (RFC 2696). */
const PAGED_RESULTS = '1.2.840.113556.1.4.319';

export interface SearchOptions {
  /** Entries per page. undefined: no paging. */
  readonly pageSize?: number;
  /**
   * The search is abandoned if no response arrives for this long, nor bytes of one at
   * `MINIMUM_RATE`.
   */
  readonly timeoutMilliseconds: number;
}

/**
 * Runs an ordinary search and calls `entry` for each entry as it arrives. An entry owns its bytes.
 * Rejects with a DirectoryError when the connection fails, when no response arrives in time (the
 * connection may still work), and for every result except success. So a partial list
 * (sizeLimitExceeded) and a missing base (noSuchObject) are errors. An entry over the size limit is
 * no error: it is passed on without attributes.
 */
export async function search(
  connection: Connection,
  request: SearchRequest,
  options: SearchOptions,
  entry: (entry: DirectoryEntry) => void,
): Promise<void> {
  let cookie: Buffer | undefined = Buffer.alloc(0);
  while (cookie !== undefined) {
    let entries = 0;
    const next = await searchPage(connection, request, cookie, options, (found) => {
      entries += 1;
      entry(found);
    });
    if (entries === 0 && next?.equals(cookie)) throw endlessPaging(connection.url);
    cookie = next;
  }
}

/**
 * Runs the search for one page. Resolves to the cookie of the next page, or to undefined after the
 * last one.
 */
function searchPage(
  connection: Connection,
  request: SearchRequest,
  cookie: Buffer,
  { pageSize, timeoutMilliseconds }: SearchOptions,
  entry: (entry: DirectoryEntry) => void,
): Promise<Buffer | undefined> {
  const paging = pageSize === undefined ? [] : [pagedResults(pageSize, cookie)];
  return new Promise((resolve, reject) => {
    const answer = awaitAnswer(connection, timeoutMilliseconds, () => {
      connection.abandon(id);
      reject(searchTimeout(connection.url, timeoutMilliseconds));
    });
    const id = connection.send(
      encodeSearch(request),
      {
        message: (message) => {
          answer.progressed();
          if (message.operation === Operation.searchResultEntry) {
            entry(readSearchEntry(message));
          }
          if (!endsSearch(message)) return;
          // Decode before `forget`: a malformed result fails the connection, which must still
          // reject this search.
          const result = readLdapResult(message);
          const next = result.resultCode === ResultCode.success ? nextPage(message) : undefined;
          answer.stop();
          connection.forget(id);
          if (result.resultCode === ResultCode.success) resolve(next);
          else reject(resultError(`search below "${request.base}" on ${connection.url}`, result));
        },
        failed: (error) => {
          answer.stop();
          reject(error);
        },
      },
      paging,
    );
  });
}

function pagedResults(pageSize: number, cookie: Buffer): RequestControl {
  return { type: PAGED_RESULTS, criticality: false, value: sequence(integer(pageSize), octetString(cookie)) };
}

function nextPage(done: LdapMessage): Buffer | undefined {
  const value = findControl(done, PAGED_RESULTS)?.enter(Tag.sequence);
  value?.next(Tag.integer);
  const cookie = value?.done === false ? value.octets() : undefined;
  return cookie === undefined || cookie.length === 0 ? undefined : Buffer.from(cookie);
}

function endlessPaging(url: string): DirectoryError {
  return new DirectoryError(`${url}: the server answers with the same empty page again and again`, {
    remedy: 'the server does not page its results as RFC 2696 says: see its log, or use another server',
  });
}

function searchTimeout(url: string, milliseconds: number): DirectoryError {
  return new DirectoryError(`${url}: no answer to a search within ${milliseconds} ms`, {
    remedy: 'the server is overloaded or hangs, or the network swallows the connection: it is tried again by itself',
  });
}
