import type { PublishedEvent } from '../domain/event.ts';

export interface BacklogLimits {
  /** The most events that are kept. */
  readonly events: number;
  /** The most characters that the texts of the kept events have together. */
  readonly characters: number;
}

const BACKLOG_LIMITS: BacklogLimits = { events: 20_000, characters: 8 * 1024 * 1024 };

/**
 * An event with its number since the start of the service (from 1, without gaps). Its JSON text is
 * created when a reader needs it, because most events are never read.
 */
class BacklogEntry {
  readonly number: number;
  readonly event: PublishedEvent;
  readonly characters: number;
  #json: string | undefined;

  constructor(number: number, event: PublishedEvent) {
    this.number = number;
    this.event = event;
    this.characters = charactersOf(event);
  }

  get json(): string {
    this.#json ??= JSON.stringify(this.event);
    return this.#json;
  }
}

/** The number of characters in the texts of an event. */
function charactersOf(event: PublishedEvent): number {
  let characters = 0;
  for (const value of Object.values(event)) if (typeof value === 'string') characters += value.length;
  return characters;
}

/**
 * The latest events, numbered. A reader has a position in it, and no queue of its own, so that a
 * thousand slow readers take no more memory than one. The oldest events are dropped when new ones
 * need their space.
 */
export interface Backlog {
  add(event: PublishedEvent): void;
  /** The number of the oldest event that is kept. If there is none, the same as `next()`. */
  first(): number;
  /** The number that the next event will get. */
  next(): number;
  get(number: number): BacklogEntry | undefined;
}

export function createBacklog(limits: BacklogLimits = BACKLOG_LIMITS): Backlog {
  /**
   * Entry n is at index n modulo the length of the ring, so that nothing moves when the oldest
   * entry is dropped.
   */
  const ring: Array<BacklogEntry | undefined> = new Array(limits.events).fill(undefined);
  const slot = (number: number) => number % limits.events;
  let first = 1;
  let next = 1;
  let characters = 0;

  const forgetOldest = () => {
    characters -= ring[slot(first)]?.characters ?? 0;
    ring[slot(first)] = undefined;
    first += 1;
  };

  return {
    add: (event) => {
      if (next - first === limits.events) forgetOldest();
      const entry = new BacklogEntry(next, event);
      ring[slot(next)] = entry;
      next += 1;
      characters += entry.characters;
      while (characters > limits.characters && first < next) forgetOldest();
    },
    first: () => first,
    next: () => next,
    get: (number) => (number >= first && number < next ? ring[slot(number)] : undefined),
  };
}
