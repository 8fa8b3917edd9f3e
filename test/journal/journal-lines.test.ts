import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PublishedEvent } from '../../src/domain/event.ts';
import { type JournalItem, JournalLines, type JournalQuery } from '../../src/journal/journal-lines.ts';
import { readFilter } from '../../src/operator/event-filter.ts';

const EVER = { since: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY };

function event(uid: string, time = '2026-11-27T12:00:00.000Z', name: 'queued' | 'claimed' = 'queued'): PublishedEvent {
  return { time, event: name, uid, dn: `uid=${uid},dc=example`, mode: 'add' };
}

function textOf(...given: readonly unknown[]): string {
  return given.map((each) => `${typeof each === 'string' ? each : JSON.stringify(each)}\n`).join('');
}

function read(
  text: string,
  asked: Parameters<typeof readFilter>[0] = {},
  times: Partial<JournalQuery> = {},
  cuts: readonly number[] = [],
): JournalItem[] {
  const lines = new JournalLines({ ...EVER, ...times, filter: readFilter(asked) });
  const bytes = Buffer.from(text);
  const items: JournalItem[] = [];
  let at = 0;
  for (const size of cuts) {
    items.push(...lines.take(bytes.subarray(at, at + size)));
    at += size;
  }
  return [...items, ...lines.take(bytes.subarray(at)), ...lines.end()];
}

const uidsOf = (items: readonly JournalItem[]) =>
  items.map((item) => (item.kind === 'event' && 'uid' in item.event ? item.event.uid : item.kind));

describe('the lines of a journal', () => {
  it('give the same events however the bytes are cut', () => {
    const line = fc.oneof(
      fc.constantFrom('a', 'B', 'é').map((uid) => JSON.stringify(event(uid))),
      fc.constantFrom('', '{"time":"2026-', '{"event":"missed","missed":3,"time":"2026-11-27T12:00:00.000Z"}'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(90)), fc.boolean(), (all, cuts, some) => {
        const asked = some ? { uid: ['b'] } : {};
        expect(read(all.join('\n'), asked, {}, cuts)).toEqual(read(all.join('\n'), asked));
      }),
    );
  });

  it('are those of a uid, whatever its case, and not those that only mention it', () => {
    const said = { ...event('c'), event: 'output', stream: 'stdout', line: '"uid":"ab"' };
    const text = textOf(event('Ab'), event('abc'), said, event('aB'), event('x'));
    expect(uidsOf(read(text, { uid: ['ab'] }))).toEqual(['Ab', 'aB']);
    expect(uidsOf(read(textOf(event('1'), event('12'), event('1')), { uid: ['1'] }))).toEqual(['1', '1']);
  });

  it('are those of a time, both ends included, and of the events that are wanted', () => {
    const at = (second: number) => `2026-11-27T12:00:0${second}.000Z`;
    const text = textOf(...[1, 2, 3, 4].map((second) => event(`u${second}`, at(second))), event('c', at(2), 'claimed'));
    const times = { since: Date.parse(at(2)), until: Date.parse(at(3)) };
    expect(uidsOf(read(text, {}, times))).toEqual(['u2', 'u3', 'c']);
    expect(uidsOf(read(text, { event: ['claimed'] }, times))).toEqual(['c']);
    expect(uidsOf(read(text, { uid: ['c'], event: ['queued'] }))).toEqual([]);
  });

  it('are read in any order of their keys, and what a newer service wrote is passed over', () => {
    const { time, ...rest } = event('a');
    const newer = { time, event: 'teleported', uid: 'a' };
    expect(uidsOf(read(textOf({ ...rest, time }, newer), {}, { since: Date.parse(time) }))).toEqual(['a']);
    expect(read(textOf({ ...rest, time }), {}, { since: Date.parse(time) + 1 })).toEqual([]);
  });

  it('say where the journal could not be written, for each account', () => {
    const missed = { time: '2026-11-27T12:00:00.000Z', event: 'missed', missed: 7 };
    expect(read(textOf(missed, event('x')), { uid: ['a'] })).toEqual([
      { kind: 'missed', time: missed.time, events: 7 },
    ]);
  });

  it('that are cut off, or are not JSON, are reported and skipped', () => {
    const half = JSON.stringify(event('a')).slice(0, 70);
    expect(uidsOf(read(`${textOf(half, event('a'))}${half}`, { uid: ['a'] }))).toEqual([
      'unreadable',
      'a',
      'unreadable',
    ]);
    expect(uidsOf(read(textOf('nonsense', '[]', 'null', '7', event('a'))))).toEqual(['unreadable', 'a']);
  });

  it('of any length take bounded memory: one that is too long is passed over', () => {
    const lines = new JournalLines({ ...EVER, filter: readFilter({}) });
    const piece = Buffer.alloc(256 * 1024, 'x');
    for (let n = 0; n < 100; n += 1) expect(lines.take(piece)).toEqual([]);
    expect(uidsOf(lines.take(Buffer.from(`x\n${textOf(event('a'))}`)))).toEqual(['unreadable', 'a']);
    for (let n = 0; n < 100; n += 1) expect(lines.take(piece)).toEqual([]);
    expect(uidsOf(lines.end())).toEqual(['unreadable']);
  });
});
