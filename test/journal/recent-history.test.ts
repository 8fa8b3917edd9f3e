import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PublishedEvent, StreamEvent } from '../../src/domain/event.ts';
import { nameOf } from '../../src/journal/journal-files.ts';
import { eventsWithin, recentHistory } from '../../src/journal/recent-history.ts';

const START = Date.parse('2026-11-28T02:00:00.000Z');
const of = (uid: string, job: string) => ({ uid, dn: `uid=${uid},dc=example,dc=org`, mode: 'add', job });

function at(seconds: number, event: StreamEvent): PublishedEvent {
  return { time: new Date(START + seconds * 1_000).toISOString(), ...event } as PublishedEvent;
}
const attempt = (uid: string, seconds: number, job: string): PublishedEvent[] => [
  at(seconds, { event: 'claimed', ...of(uid, job) }),
  at(seconds + 1, { event: 'finished', state: '', milliseconds: 900, ...of(uid, job) }),
];

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'recent-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const write = (events: readonly PublishedEvent[]) =>
  writeFile(join(directory, nameOf(START)), events.map((event) => `${JSON.stringify(event)}\n`).join(''));

describe('the events of a time', () => {
  it('are those of the journal without output, or none', async () => {
    const output = at(2, { event: 'output', stream: 'stdout', line: 'hello', ...of('a', 'j-1') });
    const [claimed, finished] = attempt('a', 1, 'j-1');
    await write([claimed, output, finished, ...attempt('b', 60, 'j-2')].filter((event) => event !== undefined));
    expect(await eventsWithin(directory, START, START + 30_000)).toEqual({ events: [claimed, finished] });
    expect(await eventsWithin(null, START, START + 30_000)).toEqual({ events: [] });
    expect(await eventsWithin(join(directory, 'missing'), START, START + 30_000)).toEqual({ events: [] });
  });
});

describe('the recent history of an account', () => {
  it('is that of the journal, across restarts of the service', async () => {
    await write([...attempt('a', 1, 'j-1'), ...attempt('b', 3, 'j-2'), ...attempt('A', 5, 'k-1')]);
    const { by, items, isCut } = await recentHistory('a', { directory, recent: attempt('a', 9, 'k-1') });
    expect([by, isCut, items.map((item) => 'job' in item && item.job)]).toEqual(['journal', false, ['j-1', 'k-1']]);
  });

  it('is what the service still knows where there is no journal, or it cannot be read', async () => {
    const recent = attempt('a', 9, 'k-1');
    expect(await recentHistory('a', { directory: null, recent })).toMatchObject({
      by: 'service',
      items: [{ job: 'k-1' }],
    });
    const missing = join(directory, 'missing');
    expect(await recentHistory('a', { directory: missing, recent })).toMatchObject({
      ...{ by: 'service', items: [{ job: 'k-1' }] },
      fault: expect.stringContaining('there is no such folder'),
    });
  });

  it('is the latest part of a long one, and says so', async () => {
    const many = Array.from({ length: 500 }, (_, index) => attempt('a', 2 * index, `j-${index}`)).flat();
    await write(many);
    const { items, isCut } = await recentHistory('a', { directory, recent: [] });
    expect(isCut).toBe(true);
    expect(items).toHaveLength(200);
    expect(items.at(-1)).toMatchObject({ job: 'j-499' });
  });
});
