import { describe, expect, it } from 'vitest';
import type { PublishedEvent } from '../../src/domain/event.ts';
import { createEventPublisher } from '../../src/observability/publish.ts';

const now = () => new Date('2026-03-01T10:00:00.250Z');

describe('the event publisher', () => {
  it('gives each event the time at which it was reported', () => {
    const { report, events$ } = createEventPublisher({ now });
    const heard: PublishedEvent[] = [];
    events$.subscribe((event) => heard.push(event));

    report({ event: 'refreshing' });

    expect(heard).toEqual([{ time: '2026-03-01T10:00:00.250Z', event: 'refreshing' }]);
  });

  it('hands an event to every listener before report returns, and to none that stopped listening', () => {
    const { report, events$, listen } = createEventPublisher({ now });
    const heard: string[] = [];
    const subscription = events$.subscribe(({ event }) => heard.push(`first ${event}`));
    listen(({ event }) => heard.push(`second ${event}`));

    report({ event: 'refreshing' });
    subscription.unsubscribe();
    report({ event: 'stopped', exitCode: 0, interrupted: 0 });

    expect(heard).toEqual(['first refreshing', 'second refreshing', 'second stopped']);
  });

  it('goes on when a listener throws, tells of it, and keeps that listener', () => {
    const errors: unknown[] = [];
    const { report, listen } = createEventPublisher({ now, onListenerError: (error) => errors.push(error) });
    const heard: string[] = [];
    listen(() => {
      throw new Error('disk full');
    });
    listen(({ event }) => heard.push(event));

    report({ event: 'refreshing' });
    report({ event: 'refreshing' });

    expect(heard).toEqual(['refreshing', 'refreshing']);
    expect(errors).toEqual([new Error('disk full'), new Error('disk full')]);
  });

  it('lets every listener hear events in the order of their reports, even where one listener reports', () => {
    const { report, listen } = createEventPublisher({ now });
    const heard: string[] = [];
    listen(({ event }) => {
      if (event === 'refreshing') report({ event: 'stopped', exitCode: 0, interrupted: 0 });
    });
    listen(({ event }) => heard.push(event));

    report({ event: 'refreshing' });

    expect(heard).toEqual(['refreshing', 'stopped']);
  });

  it('lets listeners come and go while an event is handed out', () => {
    const { report, listen } = createEventPublisher({ now });
    const heard: string[] = [];
    const stop = listen(() => {
      stop();
      listen(() => heard.push('late'));
    });
    listen(() => heard.push('other'));

    report({ event: 'refreshing' });
    report({ event: 'refreshing' });

    expect(heard).toEqual(['other', 'other', 'late']);
  });
});
