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

/**
 * Entries per page of all lists. The usual limits of a directory allow it, other requests on the
 * connection wait for one page at most, and only one page is in memory.
 */
export const PAGE_SIZE = 500;

/**
 * The result codes with which servers refuse pages, refuse pages of that size, or end them before
 * the list is complete. slapd answers 11 with `size.prtotal=disabled` and with `size.pr=N`, and 4
 * after N entries with `size.prtotal=N`. A search without pages has other limits.
 */
const PAGES_REFUSED: ReadonlySet<number | undefined> = new Set([
  ResultCode.sizeLimitExceeded,
  ResultCode.adminLimitExceeded,
  ResultCode.unavailableCriticalExtension,
  ResultCode.unwillingToPerform,
]);

export interface SearchOptions {
  /** Entries per page. undefined: the search has no pages. */
  readonly pageSize?: number;
  /**
   * The search is abandoned if for this long neither a response arrives nor bytes of one at
   * `MINIMUM_RATE`.
   */
  readonly timeoutMilliseconds: number;
}

/**
 * Runs an ordinary search and calls `entry` for each entry as it arrives. An entry owns its bytes.
 * Rejects with a DirectoryError when the connection fails, when no response arrives in time (the
 * connection may still work), and for every result except success. So a partial list
 * (sizeLimitExceeded) and a missing base (noSuchObject) are errors. An entry over the size limit is
 * no error. It is passed on without attributes.
 *
 * If the server refuses pages, the search is repeated without them, and entries that were passed on
 * before are passed on again. The call then resolves to that refusal, otherwise to undefined.
 */
export async function search(
  connection: Connection,
  request: SearchRequest,
  options: SearchOptions,
  entry: (entry: DirectoryEntry) => void,
): Promise<DirectoryError | undefined> {
  try {
    await searchPages(connection, request, options, entry);
    return undefined;
  } catch (error) {
    const { pageSize, ...whole } = options;
    const isRefusal = error instanceof DirectoryError && PAGES_REFUSED.has(error.resultCode);
    if (pageSize === undefined || !isRefusal) throw error;
    await searchPages(connection, request, whole, entry);
    return error;
  }
}

async function searchPages(
  connection: Connection,
  request: SearchRequest,
  options: SearchOptions,
  entry: (entry: DirectoryEntry) => void,
): Promise<void> {
  let cookie: Buffer | undefined = Buffer.alloc(0);
  while (cookie !== undefined) {
    let entries = 0;
    const next = await searchPage(connection, request, cookie, options, (each) => {
      entries += 1;
      entry(each);
    });
    if (entries === 0 && next?.equals(cookie)) throw endlessPaging(connection.url);
    cookie = next;
  }
}

/**
 * Runs the search for one page. Resolves to the cookie of the next page, or to undefined after the
 * last page.
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
