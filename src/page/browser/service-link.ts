import { errorText } from '../../domain/error-text.ts';
import { EVENT_NAMES, type PublishedEvent } from '../../domain/event.ts';
import { backoff } from '../../domain/retry.ts';
import type { ServiceSnapshot } from '../../domain/status.ts';
import { MOST_LISTED } from '../model/account.ts';

/*
 * The way from the page to the service: `/status` again and again, and one stream of events.
 *
 *   closed -> asking (`open`) -> streaming (a snapshot, then the events) -> lost -> asking ...
 *   any -> closed (`close`, also while the page is hidden)
 */

/** What the link tells. Times of the page are in milliseconds since 1970. */
export interface LinkListener {
  /** `offset`: how far the service's clock is before that of the page. */
  snapshot(snapshot: ServiceSnapshot, offset: number): void;
  event(event: PublishedEvent): void;
  /** This number of events is missing here. */
  gap(events: number): void;
  lost(reason: string, retryAt: number): void;
}

const POLL = 2_000;
/**
 * A poll may take this part of the time, as it costs the service the more the more accounts are
 * open.
 */
const POLL_SHARE = 20;
/** How long an answer may take; a long journal takes seconds. */
const ANSWER_TIMEOUT = 10_000;
const PAUSE = { initial: 1_000, max: 8_000 };
/** How far back events are asked for: the longest span. */
const SINCE = '1h';

/** Lines of output are part of an account's history. */
const WANTED = EVENT_NAMES.filter((name) => name !== 'output');

export class ServiceLink {
  readonly #listener: LinkListener;
  #source: EventSource | undefined;
  #timer: number | undefined;
  /** The number of losses in a row. */
  #losses = 0;
  #lastId = '';
  #hasPast = false;
  /** Counts the openings, so that what belongs to an earlier one is left. */
  #turn = 0;

  constructor(listener: LinkListener) {
    this.#listener = listener;
  }

  open(): void {
    this.close();
    void this.#ask(this.#turn);
  }

  close(): void {
    this.#turn += 1;
    window.clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }

  async #ask(turn: number): Promise<void> {
    const asked = Date.now();
    try {
      const snapshot = await ask<ServiceSnapshot>(`/status?limit=${MOST_LISTED}`);
      if (turn !== this.#turn) return;
      const took = Date.now() - asked;
      this.#listener.snapshot(snapshot, Date.parse(snapshot.time) - asked - took / 2);
      await this.#readPast();
      if (turn !== this.#turn) return;
      this.#source ??= this.#stream(turn);
      this.#timer = window.setTimeout(() => void this.#ask(turn), Math.max(POLL, POLL_SHARE * took));
    } catch (error) {
      if (turn === this.#turn) this.#lose(errorText(error));
    }
  }

  /** What happened before the service was started: its stream begins there. */
  async #readPast(): Promise<void> {
    if (this.#hasPast) return;
    this.#hasPast = true;
    const none = { events: [] };
    const { events } = await ask<{ events: PublishedEvent[] }>(`/history?since=${SINCE}`).catch(() => none);
    for (const event of events) this.#listener.event(event);
  }

  #stream(turn: number): EventSource {
    const query = new URLSearchParams({ event: WANTED.join(), since: SINCE });
    if (this.#lastId !== '') query.set('lastEventId', this.#lastId);
    const source = new EventSource(`/events?${query}`);
    const listen = (name: string, take: (data: unknown) => void) =>
      source.addEventListener(name, (message: MessageEvent<string>) => {
        if (turn !== this.#turn) return;
        // Each start of a service has ids of its own. A new one does not know ours, and sends all.
        this.#lastId = message.lastEventId;
        take(JSON.parse(message.data));
      });
    for (const name of WANTED) listen(name, (data) => this.#listener.event(data as PublishedEvent));
    for (const name of ['missed', 'dropped']) {
      listen(name, (data) => this.#listener.gap((data as { missed: number }).missed));
    }
    source.addEventListener('open', () => {
      if (turn === this.#turn) this.#losses = 0;
    });
    // A browser tries again by itself, but not after every answer, and does not say when.
    source.addEventListener('error', () => {
      if (turn === this.#turn) this.#lose('the stream of events has ended');
    });
    return source;
  }

  #lose(reason: string): void {
    this.close();
    this.#losses += 1;
    const pause = backoff(this.#losses, PAUSE);
    this.#listener.lost(reason, Date.now() + pause);
    const turn = this.#turn;
    this.#timer = window.setTimeout(() => {
      if (turn === this.#turn) void this.#ask(turn);
    }, pause);
  }
}

/** Asks the service. Rejects without an answer, and if it is no success. */
export async function ask<T>(path: string): Promise<T> {
  const response = await fetch(path, { signal: AbortSignal.timeout(ANSWER_TIMEOUT) });
  if (!response.ok) throw new Error(`${path} answers ${response.status}`);
  return (await response.json()) as T;
}
