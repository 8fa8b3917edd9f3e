import { Observable } from 'rxjs';
import type { PublishedEvent, Report, StreamEvent } from '../domain/event.ts';

export interface EventPublisher {
  /** Adds the time to an event and calls every listener before it returns. Never throws. */
  readonly report: Report;
  /**
   * The events from the time of the subscription on. The observable is hot and never completes. An
   * error thrown by a subscriber reaches neither the reporter nor other subscribers: RxJS raises it
   * as an uncaught exception. Outputs that may fail use `listen`.
   */
  readonly events$: Observable<PublishedEvent>;
  /**
   * Calls `listener` for each event. Its errors go to `onListenerError`. Returns a function that
   * removes the listener.
   */
  listen(listener: (event: PublishedEvent) => void): () => void;
}

export interface EventPublisherOptions {
  readonly now: () => Date;
  /**
   * Called with the error that a listener threw. The listener stays registered. Default: ignored.
   */
  readonly onListenerError?: (error: unknown) => void;
}

/**
 * The single publisher of events. Every listener gets all events in the order of their reports,
 * including events that a listener reports while it is called.
 */
export function createEventPublisher({ now, onListenerError }: EventPublisherOptions): EventPublisher {
  // The array is replaced and never modified, so that a listener may be added or removed during
  // delivery.
  let listeners: ReadonlyArray<(event: PublishedEvent) => void> = [];
  const waiting: PublishedEvent[] = [];
  let delivering = false;
  let last = { milliseconds: Number.NaN, time: '' };

  const timeOf = (date: Date): string => {
    const milliseconds = date.getTime();
    if (milliseconds !== last.milliseconds) last = { milliseconds, time: date.toISOString() };
    return last.time;
  };

  const deliver = (event: PublishedEvent): void => {
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (error) {
        onListenerError?.(error);
      }
    }
  };

  const report = (event: StreamEvent): void => {
    if (listeners.length === 0) return;
    const published: PublishedEvent = { time: timeOf(now()), ...event };
    if (delivering) {
      waiting.push(published);
      return;
    }
    delivering = true;
    deliver(published);
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) deliver(next);
    delivering = false;
  };

  const listen = (listener: (event: PublishedEvent) => void): (() => void) => {
    listeners = [...listeners, listener];
    return () => {
      listeners = listeners.filter((other) => other !== listener);
    };
  };

  return {
    report,
    listen,
    events$: new Observable((subscriber) => listen((event) => subscriber.next(event))),
  };
}
