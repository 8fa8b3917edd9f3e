import { type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { PublishedEvent } from '../domain/event.ts';
import type { ServiceSnapshot } from '../domain/status.ts';
import { describeEvent } from '../observability/describe-event.ts';
import { type ListenAddress, OperatorError, readAddress, showAddress } from './listen-address.ts';
import { eventSchema, snapshotSchema } from './response-schema.ts';
import { parseSse } from './sse-parser.ts';

const RESPONSE_TIMEOUT_MILLISECONDS = 5_000;
/** The service sends a comment every 15 s, so a stream that is silent for longer is dead. */
const SILENCE_TIMEOUT_MILLISECONDS = 45_000;
const LARGEST_RESPONSE = 64 * 1024 * 1024;

export interface StatusOptions {
  /** The longest list of accounts. */
  readonly limit?: number;
  /** Only this account is listed. */
  readonly uid?: string;
}

/**
 * Reads `/status` of a running service. Rejects with an OperatorError if it cannot be reached or
 * sends anything but a snapshot.
 */
export async function fetchStatus(address: string, options: StatusOptions = {}): Promise<ServiceSnapshot> {
  const target = readAddress(address);
  const query = new URLSearchParams(
    Object.entries(options).map(([name, value]): [string, string] => [name, `${value}`]),
  );
  const response = await sendRequest(target, `/status?${query}`, {});
  const body = await readAll(response, target);
  if (response.statusCode !== 200) throw refused(target, response, body);
  try {
    const snapshot: unknown = JSON.parse(body);
    if (isSnapshot(snapshot)) return snapshot;
  } catch {
    // Fall through: the server is not this service.
  }
  throw new OperatorError(`${address} does not answer like a service`, 'check operator.listen, or --operator');
}

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
 * Follows the events of a running service until the signal is aborted. After a lost connection it
 * reconnects and continues after the last event. Rejects with an OperatorError if the first attempt
 * fails, or if the service refuses the request.
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

const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5_000;

/**
 * The state of one follower, over all its connections.
 *
 * States: new -> attached (`attach`) -> lost (reported once; `pauseBeforeRetry` before each attempt
 * gets longer) -> attached.
 */
class Follower {
  readonly #target: ListenAddress;
  readonly #options: FollowOptions;
  #lastId = '';
  #attached = false;
  #pause = FIRST_PAUSE;

  constructor(target: ListenAddress, options: FollowOptions) {
    this.#target = target;
    this.#options = options;
  }

  /**
   * Reads one connection to its end. Throws if the stream ends although more events are expected.
   */
  async *attach(): AsyncGenerator<Followed> {
    const { follow = true } = this.#options;
    const response = await this.#request();
    yield { kind: 'attached' };
    this.#attached = true;
    this.#pause = FIRST_PAUSE;
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
    const response = await sendRequest(this.#target, path, headers, this.#options.signal);
    if (response.statusCode === 200) return response;
    throw refused(this.#target, response, await readAll(response, this.#target));
  }

  /**
   * Returns the reason of a loss, or undefined if it was reported already. Throws the error if
   * another attempt cannot succeed.
   */
  lost(error: unknown): string | undefined {
    const isRefused = error instanceof OperatorError && error.cause === undefined;
    if (!this.#attached || isRefused) throw error;
    if (this.#pause !== FIRST_PAUSE) return undefined;
    return error instanceof Error ? error.message : String(error);
  }

  async pauseBeforeRetry(): Promise<void> {
    const { signal } = this.#options;
    await delay(this.#pause, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
  }
}

/**
 * With a last id `since` is `all`: a restarted service does not know the id, and then sends all
 * events since its start.
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

/**
 * Whether a value is an event that can be shown. A newer service may send events that this program
 * does not know, and another server may send anything; those are skipped.
 */
export function isPublishedEvent(value: unknown): value is PublishedEvent {
  if (!eventSchema.safeParse(value).success) return false;
  try {
    describeEvent(value as PublishedEvent);
    return true;
  } catch {
    return false; // a field of the event is missing
  }
}

function isSnapshot(value: unknown): value is ServiceSnapshot {
  return snapshotSchema.safeParse(value).success;
}

function sendRequest(
  target: ListenAddress,
  path: string,
  headers: Record<string, string>,
  signal?: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const where = target.kind === 'unix' ? { socketPath: target.path } : { host: target.host, port: target.port };
    const outgoing = request({
      ...where,
      path,
      agent: false,
      headers: { host: 'localhost', ...headers },
      ...(signal === undefined ? {} : { signal }),
    });
    const timeout = setTimeout(() => outgoing.destroy(new Error('no answer in time')), RESPONSE_TIMEOUT_MILLISECONDS);
    outgoing.once('response', (response) => {
      clearTimeout(timeout);
      resolve(response);
    });
    outgoing.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timeout);
      reject(unreachable(target, error));
    });
    outgoing.end();
  });
}

async function readAll(response: IncomingMessage, target: ListenAddress): Promise<string> {
  response.setEncoding('utf8');
  response.setTimeout(RESPONSE_TIMEOUT_MILLISECONDS, () => response.destroy(new Error('the answer stopped')));
  let body = '';
  try {
    for await (const text of response as AsyncIterable<string>) {
      body += text;
      if (body.length > LARGEST_RESPONSE) throw new Error('the answer has no end');
    }
  } catch (error) {
    throw unreachable(target, error instanceof Error ? error : new Error(String(error)));
  }
  return body;
}

function unreachable(target: ListenAddress, error: NodeJS.ErrnoException): OperatorError {
  const remedies: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there: is the service running, with operator.listen set to this address?',
    ENOENT: 'there is no such socket: is the service running, with operator.listen set to this path?',
    EACCES: 'the socket is for its owner and group: run this as one of them',
  };
  const remedy =
    remedies[error.code ?? ''] ?? 'check that the service runs and that the address is that of operator.listen';
  return new OperatorError(`cannot reach a service at ${showAddress(target)}: ${error.message}`, remedy, error);
}

/** The error has no cause, which means that another attempt cannot succeed. */
function refused(target: ListenAddress, response: IncomingMessage, body: string): OperatorError {
  let reason = `status ${response.statusCode}`;
  try {
    const answer: unknown = JSON.parse(body);
    if (typeof answer === 'object' && answer !== null && 'error' in answer) reason = String(answer.error);
  } catch {
    // The body is not the service's; the status code has to do.
  }
  return new OperatorError(`${showAddress(target)} refused: ${reason}`, 'ask differently, or check the address');
}
