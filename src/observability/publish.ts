import { Observable } from 'rxjs';
import type { PublishedEvent, Report, StreamEvent } from '../domain/event.ts';

export interface EventPublisher {
  /** Gives an event its time and hands it to everybody who listens, before it returns. Never throws. */
  readonly report: Report;
  /**
   * The events from now on; hot, never ends. What an observer's own code throws reaches neither the reporter nor the other
   * observers: RxJS raises it as an uncaught exception of the process, as any bug. Outputs that may fail use `listen`.
   */
  readonly events$: Observable<PublishedEvent>;
  /** The same for outputs: whatever the listener throws goes to `onListenerError`. Returns how to stop listening. */
  listen(listener: (event: PublishedEvent) => void): () => void;
}

export interface EventPublisherOptions {
  readonly now: () => Date;
  /** Told of what a listener threw; the listener goes on hearing events. Default: nothing is done. */
  readonly onListenerError?: (error: unknown) => void;
}

/**
 * The one place through which all events go. Every listener hears all events in the order in which they were reported, also
 * those that are reported while another is being handed out.
 */
export function createEventPublisher({ now, onListenerError }: EventPublisherOptions): EventPublisher {
  // Replaced, never changed: handing out goes on undisturbed while listeners come and go.
  let listeners: ReadonlyArray<(event: PublishedEvent) => void> = [];
  const waiting: PublishedEvent[] = [];
  let handingOut = false;
  let last = { milliseconds: Number.NaN, time: '' };

  const timeOf = (date: Date): string => {
    const milliseconds = date.getTime();
    if (milliseconds !== last.milliseconds) last = { milliseconds, time: date.toISOString() };
    return last.time;
  };

  const handOut = (event: PublishedEvent): void => {
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
    if (handingOut) {
      waiting.push(published);
      return;
    }
    handingOut = true;
    handOut(published);
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) handOut(next);
    handingOut = false;
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
