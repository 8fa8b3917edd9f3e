import type { PublishedEvent } from '../domain/event.ts';

export interface BacklogLimits {
  /** How many events are kept, at most. */
  readonly events: number;
  /** How many characters their JSON texts have together, at most. */
  readonly characters: number;
}

export const BACKLOG_LIMITS: BacklogLimits = { events: 20_000, characters: 8 * 1024 * 1024 };

/** An event with its number in this service's life (from 1, without gaps) and its JSON text, made once for all readers. */
export interface BacklogEntry {
  readonly number: number;
  readonly event: PublishedEvent;
  readonly json: string;
}

/**
 * The last events, numbered. Readers hold a number instead of a queue of their own, so that a thousand readers, however
 * slow, cost no more memory than one. The oldest events give way to new ones.
 */
export interface Backlog {
  add(event: PublishedEvent): void;
  /** Number of the oldest event that is kept; `next` where none is. */
  first(): number;
  /** Number that the next event will get. */
  next(): number;
  get(number: number): BacklogEntry | undefined;
}

export function createBacklog(limits: BacklogLimits = BACKLOG_LIMITS): Backlog {
  /** Entry n stands at n modulo the ring's length, so that the oldest gives way without anything being moved. */
  const ring: Array<BacklogEntry | undefined> = new Array(limits.events).fill(undefined);
  const slot = (number: number) => number % limits.events;
  let first = 1;
  let next = 1;
  let characters = 0;

  const forgetOldest = () => {
    characters -= ring[slot(first)]?.json.length ?? 0;
    ring[slot(first)] = undefined;
    first += 1;
  };

  return {
    add: (event) => {
      const json = JSON.stringify(event);
      if (next - first === limits.events) forgetOldest();
      ring[slot(next)] = { number: next, event, json };
      next += 1;
      characters += json.length;
      while (characters > limits.characters && first < next) forgetOldest();
    },
    first: () => first,
    next: () => next,
    get: (number) => (number >= first && number < next ? ring[slot(number)] : undefined),
  };
}
