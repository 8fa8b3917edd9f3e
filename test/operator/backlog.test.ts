import { describe, expect, it } from 'vitest';
import type { PublishedEvent } from '../../src/domain/event.ts';
import { createBacklog } from '../../src/operator/backlog.ts';

/** An event with a hundred characters of text. */
function event(uid: string): PublishedEvent {
  return { time: 't', event: 'queued', uid, mode: 'add', dn: 'x'.repeat(90 - uid.length) };
}

describe('the backlog of events', () => {
  it('numbers the events from 1 and keeps each with its JSON', () => {
    const backlog = createBacklog();
    for (const uid of ['a', 'b']) backlog.add(event(uid));
    expect([backlog.first(), backlog.next()]).toEqual([1, 3]);
    expect(backlog.get(2)?.json).toBe(JSON.stringify(event('b')));
    expect(backlog.get(3)).toBeUndefined();
  });

  it('drops the oldest events beyond a number of events, or of characters in their texts', () => {
    const few = createBacklog({ events: 3, characters: 10_000 });
    const short = createBacklog({ events: 10_000, characters: 350 });
    for (const uid of ['a', 'b', 'c', 'd', 'e']) {
      few.add(event(uid));
      short.add(event(uid));
    }
    expect([few.first(), few.next()]).toEqual([3, 6]);
    expect([short.first(), short.next()]).toEqual([3, 6]);
    expect(short.get(2)).toBeUndefined();
  });
});
