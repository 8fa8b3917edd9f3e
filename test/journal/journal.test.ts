import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { PublishedEvent } from '../../src/domain/event.ts';
import { type Journal, type JournalOptions, openJournal } from '../../src/journal/journal.ts';
import { nameOf } from '../../src/journal/journal-files.ts';
import { limitFiles } from '../support/file-limit.ts';

const MIB = 2 ** 20;
const DAY = 86_400_000;
const SOME_GROUP = 4;

let folder: string;
let directory: string;
let now: number;
let notices: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
  chmodSync(folder, 0o755);
  directory = join(folder, 'journal');
  now = Date.UTC(2026, 10, 27, 12);
  notices = [];
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});

function open(options: Partial<JournalOptions> = {}): Journal {
  const journal = openJournal({
    directory,
    group: undefined,
    keepMilliseconds: 90 * DAY,
    maxBytes: MIB,
    now: () => now,
    notice: (message) => notices.push(message),
    ...options,
  });
  onTestFinished(() => journal.close());
  return journal;
}

/** After it, everything that was taken in this turn of the event loop is written. */
const turn = () => new Promise((resolve) => setImmediate(resolve));
const files = () => readdirSync(directory).sort();
const text = () =>
  files()
    .map((name) => readFileSync(join(directory, name), 'utf8'))
    .join('');
const lines = () => text().split('\n').slice(0, -1);
const uids = () => lines().map((line) => JSON.parse(line).uid);
const modeOf = (path: string) => statSync(path).mode & 0o777;

function event(uid: string): PublishedEvent {
  return { time: new Date(now).toISOString(), event: 'queued', uid, dn: `uid=${uid},dc=example`, mode: 'add' };
}

describe('the journal', () => {
  it('has each event as one line, and goes on in the file of an earlier run', async () => {
    open().take(event('1'));
    await turn();
    open().take(event('2'));
    await turn();
    expect(files()).toEqual(['events-20261127T120000000Z.jsonl']);
    expect(lines().map((line) => JSON.parse(line))).toEqual([event('1'), event('2')]);
  });

  it('is written to the end when it is closed', () => {
    const journal = open();
    journal.take(event('1'));
    journal.close();
    expect(uids()).toEqual(['1']);
  });

  it('begins on a new line after one that a crash has cut off', async () => {
    open().take(event('1'));
    await turn();
    const file = join(directory, files()[0] ?? '');
    truncateSync(file, statSync(file).size - 10);
    open().take(event('2'));
    await turn();
    expect(lines()).toHaveLength(2);
    expect(JSON.parse(lines()[1] ?? '')).toEqual(event('2'));
  });

  it('loses no line where it changes to another file under load, and stays below its size', async () => {
    const maxBytes = 4 * MIB;
    const journal = open({ maxBytes });
    const taken: string[] = [];
    for (let batch = 0; batch < 300; batch += 1) {
      for (let n = 0; n < 100; n += 1) {
        taken.push(`${batch}-${n}`);
        journal.take(event(`${batch}-${n}`));
      }
      now += 1;
      await turn();
      expect(files().reduce((sum, name) => sum + statSync(join(directory, name)).size, 0)).toBeLessThanOrEqual(
        maxBytes,
      );
    }
    expect(files().length).toBeGreaterThan(10);
    // Whole files are deleted, the oldest first: what is there is the end, without a gap.
    expect(uids()).toEqual(taken.slice(-uids().length));
    expect(uids().length).toBeGreaterThan(taken.length / 2);
    expect(notices).toEqual([]);
  });

  it('begins a file each day, and deletes those that are too old', async () => {
    const journal = open({ keepMilliseconds: 30 * DAY });
    for (let day = 0; day < 3; day += 1) {
      journal.take(event(String(day)));
      await turn();
      now += DAY;
    }
    expect(files()).toHaveLength(3);
    now = Date.now() + 40 * DAY;
    journal.take(event('late'));
    await turn();
    expect(uids()).toEqual(['late']);
  });
});

describe('the journal of a service that has nothing to write', () => {
  it('keeps no events for longer than it may', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const journal = open({ keepMilliseconds: 30 * DAY });
    journal.take(event('1'));
    await turn();
    now = Date.now() + 29 * DAY;
    vi.advanceTimersByTime(3_600_000);
    expect(uids()).toEqual(['1']);
    now = Date.now() + 31 * DAY;
    vi.advanceTimersByTime(3_600_000);
    expect(files()).toEqual([]);
    journal.take(event('2'));
    await turn();
    expect(uids()).toEqual(['2']);
  });
});

describe('who may read the journal', () => {
  it('is its owner, where no group is set', async () => {
    open().take(event('1'));
    await turn();
    expect([modeOf(directory), modeOf(join(directory, files()[0] ?? ''))]).toEqual([0o700, 0o600]);
  });

  it('is its owner and the group that is set, also for what is there already', async () => {
    open().take(event('1'));
    await turn();
    open({ group: SOME_GROUP }).take(event('2'));
    await turn();
    for (const [path, mode] of [
      [directory, 0o750],
      [join(directory, files()[0] ?? ''), 0o640],
    ] as const) {
      expect([modeOf(path), statSync(path).gid]).toEqual([mode, SOME_GROUP]);
    }
  });

  it('is not changed for a folder that has other files, too', async () => {
    mkdirSync(directory, { mode: 0o755 });
    writeFileSync(join(directory, 'service.log'), '');
    const { gid } = statSync(directory);
    open({ group: SOME_GROUP }).take(event('1'));
    await turn();
    expect([modeOf(directory), statSync(directory).gid]).toEqual([0o755, gid]);
    expect(modeOf(join(directory, files()[0] ?? ''))).toBe(0o640);
  });
});

describe('a journal that cannot be written', () => {
  it('counts what is lost, says so once, and goes on when its place is there again', async () => {
    const journal = open();
    rmSync(folder, { recursive: true });
    for (const uid of ['1', '2']) {
      journal.take(event(uid));
      await turn();
    }
    expect(journal.health()).toMatchObject({ lostEvents: 2, failure: expect.stringContaining('ENOENT') });
    expect(notices).toEqual([
      expect.stringMatching(/^the journal in .* cannot be written \(ENOENT.*; check the folder/),
    ]);
    mkdirSync(folder, { mode: 0o755 });
    journal.take(event('3'));
    await turn();
    expect(lines().map((line) => JSON.parse(line))).toEqual([
      { time: event('3').time, event: 'missed', missed: 2 },
      event('3'),
    ]);
    expect(journal.health()).toEqual({ directory, lostEvents: 2 });
    expect(notices.slice(1)).toEqual([`the journal in ${directory} is written again; 2 events were lost`]);
  });

  it('is reported once in a minute, however often it fails, and every loss is counted', async () => {
    const journal = open();
    for (let n = 0; n < 10; n += 1) {
      rmSync(folder, { recursive: true });
      journal.take(event('lost'));
      await turn();
      mkdirSync(folder, { mode: 0o755 });
      journal.take(event('kept'));
      await turn();
      now += 5_000;
    }
    expect(journal.health()).toEqual({ directory, lostEvents: 10 });
    expect(notices).toHaveLength(2);
    // One that lasts is told as soon as that may be.
    rmSync(folder, { recursive: true });
    journal.take(event('lost'));
    await turn();
    expect(notices).toHaveLength(2);
    now += 60_000;
    journal.take(event('lost'));
    await turn();
    expect(notices.at(-1)).toContain('cannot be written');
    mkdirSync(folder, { mode: 0o755 });
    journal.take(event('kept'));
    await turn();
    expect(notices.at(-1)).toContain('is written again; 11 events were lost');
  });

  it('is opened again after its file was deleted', async () => {
    const journal = open();
    journal.take(event('1'));
    await turn();
    rmSync(directory, { recursive: true });
    journal.take(event('2'));
    await turn();
    expect(uids()).toEqual(['2']);
    expect(journal.health().lostEvents).toBe(0);
  });

  it('is not written through a link', async () => {
    mkdirSync(directory);
    writeFileSync(join(folder, 'precious'), 'mine\n');
    symlinkSync(join(folder, 'precious'), join(directory, nameOf(now)));
    open().take(event('1'));
    await turn();
    expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('mine\n');
  });

  it('is not written into a folder that others may exchange', async () => {
    mkdirSync(directory);
    chmodSync(directory, 0o777);
    const journal = open();
    journal.take(event('1'));
    await turn();
    expect(readdirSync(directory)).toEqual([]);
    expect(notices[0]).toContain('everybody can write to the folder');
  });

  it('tells how many events are missing where the disk was full, after a line that is cut off', async () => {
    const journal = open();
    journal.take(event('1'));
    await turn();
    limitFiles(process.pid, text().length + 7);
    onTestFinished(() => limitFiles(process.pid, Number.POSITIVE_INFINITY));
    journal.take(event('2'));
    journal.take(event('3'));
    await turn();
    limitFiles(process.pid, Number.POSITIVE_INFINITY);
    expect(journal.health()).toMatchObject({ lostEvents: 2, failure: expect.stringContaining('EFBIG') });
    journal.take(event('4'));
    await turn();
    const [one, cut, ...after] = lines();
    expect(cut).toHaveLength(7);
    expect([one, ...after].map((line) => JSON.parse(line ?? ''))).toEqual([
      event('1'),
      expect.objectContaining({ event: 'missed', missed: 2 }),
      event('4'),
    ]);
  });

  it('appends nothing to what is no file of a journal', async () => {
    mkdirSync(directory);
    appendFileSync(join(directory, 'other.jsonl'), 'mine\n');
    open().take(event('1'));
    await turn();
    expect(readFileSync(join(directory, 'other.jsonl'), 'utf8')).toBe('mine\n');
  });
});
