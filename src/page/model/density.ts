import type { PublishedEvent } from '../../domain/event.ts';
import { placeOf, type Window } from './axis.ts';

/** The width of a column in pixels. */
export const COLUMN = 6;

export interface Column {
  readonly finished: number;
  readonly failed: number;
}

/** Counts the events of all accounts in each column of the window. */
export function densityOf(events: readonly PublishedEvent[], window: Window): Column[] {
  const columns = Array.from({ length: Math.ceil(window.width / COLUMN) }, () => ({
    finished: 0,
    failed: 0,
  }));
  for (let index = events.length - 1; index >= 0; index -= 1) {
    const event = events[index];
    if (event === undefined) break;
    const x = placeOf(window, Date.parse(event.time));
    if (x < 0) break;
    const column = columns[Math.floor(x / COLUMN)];
    if (column === undefined) continue;
    if (event.event === 'finished') column.finished += 1;
    else if (event.event === 'failed' || event.event === 'retrying') column.failed += 1;
  }
  return columns;
}
