import { errorText } from '../../domain/error-text.ts';
import { EVENT_NAMES, type PublishedEvent } from '../../domain/event.ts';
import { backoff } from '../../domain/retry.ts';
import type { ServiceSnapshot } from '../../domain/status.ts';
import { MOST_LISTED } from '../model/account.ts';

/*
 * The connection of the page to the service: periodic requests for `/status`, and one event stream.
 *
 *   closed -> asking      `open`
 *   asking -> streaming   a snapshot, then the events
 *   asking, streaming -> lost -> asking
 *   any -> closed         `close`, also while the page is hidden
 */

/**
 * Receives what the service sends. Times are in milliseconds since 1970, by the clock of the page.
 */
export interface LinkListener {
  /** `offset`: how far the service's clock is ahead of that of the page. */
  snapshot(snapshot: ServiceSnapshot, offset: number): void;
  event(event: PublishedEvent): void;
  /** This number of events is missing at this place. */
  gap(events: number): void;
  lost(reason: string, retryAt: number): void;
}

const POLL = 2_000;
/**
 * The pause between two polls is at least this multiple of the duration of a poll, because a poll
 * costs the service more if more accounts are open.
 */
const POLL_PAUSE_FACTOR = 20;
/** The longest time for an answer. Reading a long journal takes seconds. */
const ANSWER_TIMEOUT = 10_000;
const PAUSE = { initial: 1_000, max: 8_000 };
/** How far back events are requested: the longest span of the time axis. */
const SINCE = '1h';

/** Output lines are shown in the history of an account only. */
const WANTED = EVENT_NAMES.filter((name) => name !== 'output');

export class ServiceLink {
  readonly #listener: LinkListener;
  #source: EventSource | undefined;
  #timer: number | undefined;
  /** The number of consecutive losses. */
  #losses = 0;
  #lastId = '';
  #hasPast = false;
  /**
   * Counts how often the link was opened and closed. Answers that belong to an earlier count are
   * ignored.
   */
  #generation = 0;

  constructor(listener: LinkListener) {
    this.#listener = listener;
  }

  open(): void {
    this.close();
    void this.#ask(this.#generation);
  }

  close(): void {
    this.#generation += 1;
    window.clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }

  async #ask(generation: number): Promise<void> {
    const asked = Date.now();
    try {
      const snapshot = await ask<ServiceSnapshot>(`/status?limit=${MOST_LISTED}`);
      if (generation !== this.#generation) return;
      const took = Date.now() - asked;
      this.#listener.snapshot(snapshot, Date.parse(snapshot.time) - asked - took / 2);
      await this.#readPast();
      if (generation !== this.#generation) return;
      this.#source ??= this.#stream(generation);
      this.#timer = window.setTimeout(() => void this.#ask(generation), Math.max(POLL, POLL_PAUSE_FACTOR * took));
    } catch (error) {
      if (generation === this.#generation) this.#lose(errorText(error));
    }
  }

  /**
   * Reads what happened before the service was started. The event stream begins only at the start.
   */
  async #readPast(): Promise<void> {
    if (this.#hasPast) return;
    this.#hasPast = true;
    const none = { events: [] };
    const { events } = await ask<{ events: PublishedEvent[] }>(`/history?since=${SINCE}`).catch(() => none);
    for (const event of events) this.#listener.event(event);
  }

  #stream(generation: number): EventSource {
    const query = new URLSearchParams({ event: WANTED.join(), since: SINCE });
    if (this.#lastId !== '') query.set('lastEventId', this.#lastId);
    const source = new EventSource(`/events?${query}`);
    const listen = (name: string, take: (data: unknown) => void) =>
      source.addEventListener(name, (message: MessageEvent<string>) => {
        if (generation !== this.#generation) return;
        // Each start of a service has its own event ids. A restarted service does not know ours,
        // and sends everything.
        this.#lastId = message.lastEventId;
        take(JSON.parse(message.data));
      });
    for (const name of WANTED) listen(name, (data) => this.#listener.event(data as PublishedEvent));
    for (const name of ['missed', 'dropped']) {
      listen(name, (data) => this.#listener.gap((data as { missed: number }).missed));
    }
    source.addEventListener('open', () => {
      if (generation === this.#generation) this.#losses = 0;
    });
    // A browser reconnects by itself, but not after every kind of answer, and does not tell the
    // page when.
    source.addEventListener('error', () => {
      if (generation === this.#generation) this.#lose('the event stream has ended');
    });
    return source;
  }

  #lose(reason: string): void {
    this.close();
    this.#losses += 1;
    const pause = backoff(this.#losses, PAUSE);
    this.#listener.lost(reason, Date.now() + pause);
    const generation = this.#generation;
    this.#timer = window.setTimeout(() => {
      if (generation === this.#generation) void this.#ask(generation);
    }, pause);
  }
}

/**
 * Requests JSON from the service. Rejects if there is no answer, or if the status is not a success.
 */
export async function ask<T>(path: string): Promise<T> {
  const response = await fetch(path, { signal: AbortSignal.timeout(ANSWER_TIMEOUT) });
  if (!response.ok) throw new Error(`${path} answers with status ${response.status}`);
  return (await response.json()) as T;
}
