import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { errorText } from '../domain/error-text.ts';
import type { PublishedEvent } from '../domain/event.ts';
import { backoff } from '../domain/retry.ts';
import { type ListenAddress, OperatorError, readAddress } from './listen-address.ts';
import { isPublishedEvent } from './published-event.ts';
import { readAll, refused, sendRequest } from './send-request.ts';
import { parseSse } from './sse-parser.ts';

/**
 * The service sends a comment after 15 s without events, so a stream that is silent for this long
 * is dead.
 */
const SILENCE_TIMEOUT_MILLISECONDS = 45_000;

export interface FollowOptions {
  readonly uids?: readonly string[];
  readonly events?: readonly string[];
  /** `all`, `now`, a duration (`10m`) or a time, as `/events` accepts it. */
  readonly since?: string;
  /** false: read only the past events that the service still has. Default: true. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
}

/** What `followEvents` yields: an event of the service, or a change of the connection. */
export type Followed =
  | { readonly kind: 'event'; readonly event: PublishedEvent }
  | { readonly kind: 'attached' }
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'missed'; readonly events: number };

/**
 * Follows the events of a running service until the signal is aborted. If the connection is lost,
 * it reconnects and continues after the last event. Rejects with an OperatorError if the first
 * connection fails, or if the service refuses the request.
 */
export async function* followEvents(address: string, options: FollowOptions = {}): AsyncGenerator<Followed> {
  const { signal, follow = true } = options;
  const follower = new Follower(readAddress(address), options);

  while (!signal?.aborted) {
    try {
      yield* follower.attach();
    } catch (error) {
      if (signal?.aborted) return;
      const reason = follower.lost(error);
      if (reason !== undefined) yield { kind: 'lost', reason };
    }
    if (!follow) return;
    await follower.pauseBeforeRetry();
  }
}

const PAUSE = { initial: 250, max: 5_000 };

/**
 * The state of one follower, over all its connections.
 *
 * States:
 *   new -> attached    `attach` has connected
 *   attached -> lost   the connection has ended; this is reported once
 *   lost -> lost       another attempt failed; `pauseBeforeRetry` waits longer each time
 *   lost -> attached   `attach` has connected again
 */
class Follower {
  readonly #target: ListenAddress;
  readonly #options: FollowOptions;
  #lastId = '';
  #attached = false;
  /** The number of consecutive failures. */
  #failures = 0;

  constructor(target: ListenAddress, options: FollowOptions) {
    this.#target = target;
    this.#options = options;
  }

  /**
   * Connects, and yields events until the stream ends. Throws if the stream ends although more
   * events are expected.
   */
  async *attach(): AsyncGenerator<Followed> {
    const { follow = true } = this.#options;
    const response = await this.#request();
    yield { kind: 'attached' };
    this.#attached = true;
    this.#failures = 0;
    const parse = parseSse();
    response.setEncoding('utf8');
    response.setTimeout(SILENCE_TIMEOUT_MILLISECONDS, () => response.destroy(new Error('the service is silent')));
    for await (const text of response as AsyncIterable<string>) {
      for (const message of parse(text)) {
        if (message.id !== '') this.#lastId = message.id;
        const followed = message.data === '' ? undefined : readFollowed(message.event, message.data);
        if (followed !== undefined) yield followed;
      }
    }
    if (follow) throw new Error('the service ended the stream');
  }

  async #request(): Promise<IncomingMessage> {
    const path = `/events?${query(this.#options, this.#lastId)}`;
    const headers: Record<string, string> = this.#lastId === '' ? {} : { 'last-event-id': this.#lastId };
    const response = await sendRequest(this.#target, path, headers, { signal: this.#options.signal });
    if (response.statusCode === 200) return response;
    throw refused(this.#target, response, await readAll(response, this.#target));
  }

  /**
   * Returns the reason why the connection was lost, or undefined if the loss was already reported.
   * Throws the error if another attempt cannot succeed.
   */
  lost(error: unknown): string | undefined {
    const isRefused = error instanceof OperatorError && error.cause === undefined;
    if (!this.#attached || isRefused) throw error;
    if (this.#failures > 0) return undefined;
    return errorText(error);
  }

  async pauseBeforeRetry(): Promise<void> {
    const { signal } = this.#options;
    this.#failures += 1;
    const pause = backoff(this.#failures, PAUSE);
    await delay(pause, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}

/**
 * With a last id, `since` is `all`: a service that has restarted does not know the id, and should
 * then send all events since its start.
 */
function query({ uids = [], events = [], since = 'now', follow = true }: FollowOptions, lastId: string): string {
  const pairs = [
    ...uids.map((uid) => ['uid', uid]),
    ...events.map((event) => ['event', event]),
    ['since', lastId === '' ? since : 'all'],
    ['follow', String(follow)],
  ];
  return new URLSearchParams(pairs as [string, string][]).toString();
}

function readFollowed(name: string, data: string): Followed | undefined {
  const value: unknown = JSON.parse(data);
  if (name === 'dropped' || name === 'missed') {
    const missed = typeof value === 'object' && value !== null && 'missed' in value ? Number(value.missed) : 0;
    return missed > 0 ? { kind: 'missed', events: missed } : undefined;
  }
  return isPublishedEvent(value) ? { kind: 'event', event: value } : undefined;
}
