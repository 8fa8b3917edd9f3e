import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PublishedEvent } from '../../src/domain/event.ts';
import { createBacklog } from '../../src/operator/backlog.ts';
import { readFilter } from '../../src/operator/event-filter.ts';
import type { ReaderSink } from '../../src/operator/event-reader.ts';
import { READER_LIMITS, serveReaders } from '../../src/operator/event-readers.ts';

const ALL = readFilter({});
const event = (uid: string): PublishedEvent => ({
  time: '2026-03-01T02:00:00.000Z',
  event: 'queued',
  uid,
  dn: `uid=${uid}`,
  mode: 'add',
});

/** A peer that accepts `room` writes, and then none until it drains. */
class Peer implements ReaderSink {
  room: number;
  text = '';
  ended = false;
  destroyed = false;
  #drain: (() => void) | undefined;

  constructor(room = Number.POSITIVE_INFINITY) {
    this.room = room;
  }
  write(chunk: string): boolean {
    this.text += chunk;
    this.room -= 1;
    return this.room > 0;
  }
  end(): void {
    this.ended = true;
  }
  destroy(): void {
    this.destroyed = true;
  }
  once(_event: 'drain', listener: () => void): void {
    this.#drain = listener;
  }
  on(): void {}
  drain(): void {
    this.room = Number.POSITIVE_INFINITY;
    this.#drain?.();
  }
  get uids(): string[] {
    return [...this.text.matchAll(/"uid":"([^"]*)"/g)].map((match) => match[1] ?? '');
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Readers with a clock that advances by a millisecond at each look. */
function set(limits: Partial<typeof READER_LIMITS> = {}, events = 100) {
  const backlog = createBacklog({ events, characters: 1 << 20 });
  let clock = 0;
  const context = { identify: (number: number) => `x-${number}`, now: () => ++clock };
  const readers = serveReaders(backlog, context, { ...READER_LIMITS, ...limits });
  const publish = (uid: string) => {
    backlog.add(event(uid));
    readers.wake();
  };
  return { backlog, readers, publish, turn: () => vi.advanceTimersByTime(READER_LIMITS.gatherMilliseconds) };
}

describe('readers of the event stream', () => {
  it('are served in turn and not for long at a stretch, so that many of them do not hold up the service', () => {
    const { readers, publish, turn } = set({ serveMilliseconds: 20 });
    const peers = Array.from({ length: 100 }, () => new Peer());
    for (const peer of peers) readers.add(peer, ALL, 1, true);
    for (let n = 0; n < 100; n++) turn();
    publish('a');
    turn();
    const served = () => peers.filter((peer) => peer.uids.length === 1).length;
    expect(served()).toBeGreaterThan(0);
    expect(served()).toBeLessThan(20);
    for (let n = 0; n < 100; n++) turn();
    expect(served()).toBe(100);
    readers.close();
  });

  it('get all that the backlog still holds once they can take it, in order and once', () => {
    const { readers, publish, turn } = set();
    const peer = new Peer(2);
    readers.add(peer, ALL, 1, true);
    for (const uid of ['a', 'b', 'c']) {
      publish(uid);
      turn();
    }
    expect(peer.uids).toEqual(['a']);
    peer.drain();
    turn();
    expect(peer.uids).toEqual(['a', 'b', 'c']);
    readers.close();
  });

  describe('hear of an event that comes while another reader', () => {
    it('is about to be served as it can take more again', () => {
      const { readers, publish, turn } = set();
      const [slow, other] = [new Peer(1), new Peer()];
      for (const peer of [slow, other]) readers.add(peer, ALL, 1, true);
      turn();
      slow.drain();
      publish('a');
      turn();
      expect([slow.uids, other.uids]).toEqual([['a'], ['a']]);
      readers.close();
    });

    it('is about to be served as it has just come', () => {
      const { readers, publish, turn } = set();
      const [first, second] = [new Peer(), new Peer()];
      readers.add(first, ALL, 1, true);
      turn();
      readers.add(second, ALL, 1, true);
      publish('a');
      turn();
      expect([first.uids, second.uids]).toEqual([['a'], ['a']]);
      readers.close();
    });

    it('waits for its turn', () => {
      const { readers, publish, turn } = set({ serveMilliseconds: 20 });
      const peers = Array.from({ length: 100 }, () => new Peer());
      for (const peer of peers) readers.add(peer, ALL, 1, true);
      publish('a');
      turn();
      // All have it by now, and some had another turn, which found nothing more.
      for (let n = 0; n < 11; n++) turn();
      const served = () => peers.map(({ uids }) => uids.length);
      expect(new Set(served())).toEqual(new Set([1]));
      publish('b');
      for (let n = 0; n < 100; n++) turn();
      expect(new Set(served())).toEqual(new Set([2]));
      expect(vi.getTimerCount()).toBe(1);
      readers.close();
    });
  });

  it('are dropped and told once the backlog no longer holds what they have not read, and cut if they do not go', () => {
    const { readers, publish, turn } = set({}, 5);
    const peer = new Peer(1);
    readers.add(peer, ALL, 1, true);
    turn();
    for (let n = 0; n < 12; n++) publish(`u${n}`);
    turn();
    expect(peer.text).toMatch(/event: dropped\ndata: \{"missed":7,/);
    expect(peer).toMatchObject({ ended: true, destroyed: false });
    expect([readers.size(), readers.dropped()]).toEqual([0, 1]);
    vi.advanceTimersByTime(READER_LIMITS.dropMilliseconds);
    expect(peer.destroyed).toBe(true);
    readers.close();
  });

  it('learn at once what is gone already if they come back too late', () => {
    const { readers, publish, turn } = set({}, 5);
    for (let n = 0; n < 12; n++) publish(`u${n}`);
    const peer = new Peer();
    readers.add(peer, ALL, 3, true);
    turn();
    expect(peer.text).toMatch(/event: missed\ndata: \{"missed":5\}/);
    expect(peer.uids).toEqual(['u7', 'u8', 'u9', 'u10', 'u11']);
    readers.close();
  });

  it('hear that they are still attached while nothing happens', () => {
    const backlog = createBacklog();
    const readers = serveReaders(backlog, { identify: String, now: Date.now });
    const peer = new Peer();
    readers.add(peer, ALL, 1, true);
    vi.advanceTimersByTime(READER_LIMITS.heartbeatMilliseconds * 2);
    expect(peer.text).toContain(': alive\n\n');
    readers.close();
  });

  it('get what is left at the end', () => {
    const { readers, publish } = set();
    const peer = new Peer();
    readers.add(peer, ALL, 1, true);
    publish('last');
    readers.close();
    expect(peer.uids).toEqual(['last']);
    expect(peer.ended).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});
