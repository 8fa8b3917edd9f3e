import { describe, expect, it } from 'vitest';
import {
  fileLimits,
  filesToDelete,
  hasRoom,
  type JournalFile,
  nameForNext,
  nameOf,
  startOf,
} from '../../src/journal/journal-files.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 27, 22, 43);
const LIMITS = { keepMilliseconds: 90 * DAY, maxBytes: 16 * 2 ** 20 };

function file(startedAt: number, bytes = 100, writtenAt = startedAt): JournalFile {
  return { name: nameOf(startedAt), startedAt, bytes, writtenAt };
}

describe('the name of a file of the journal', () => {
  it('says when it was begun, in an order that names sort in', () => {
    expect(nameOf(NOW)).toBe('events-20261127T224300000Z.jsonl');
    expect(startOf(nameOf(NOW + 7))).toBe(NOW + 7);
    const times = [NOW + 40 * DAY, NOW, NOW + 1];
    expect(times.map(nameOf).sort()).toEqual([NOW, NOW + 1, NOW + 40 * DAY].map(nameOf));
  });

  it.each(['provisioning.log', 'events-20261127T224300000Z.jsonl.gz', 'events-20269927T224300000Z.jsonl'])(
    'is not %s',
    (name) => {
      expect(startOf(name)).toBeUndefined();
    },
  );
});

describe('the file for the next lines', () => {
  it('is the latest one while that has room, and is young enough', () => {
    expect(nameForNext([file(NOW - 2 * DAY), file(NOW - DAY / 2)], NOW, LIMITS)).toBe(nameOf(NOW - DAY / 2));
    expect(nameForNext([file(NOW - DAY)], NOW, LIMITS)).toBe(nameOf(NOW));
    expect(nameForNext([file(NOW - 1, fileLimits(LIMITS).bytes)], NOW, LIMITS)).toBe(nameOf(NOW));
    expect(nameForNext([], NOW, LIMITS)).toBe(nameOf(NOW));
  });

  it('comes after the latest one, also when the clock was set back', () => {
    const ahead = file(NOW + DAY, fileLimits(LIMITS).bytes);
    expect(nameForNext([ahead], NOW, LIMITS)).toBe(nameOf(NOW + DAY + 1));
  });

  it('takes any number of lines where it is empty, as they have to go somewhere', () => {
    expect(hasRoom({ startedAt: NOW, bytes: 0 }, 2 ** 30, NOW, LIMITS)).toBe(true);
    expect(hasRoom({ startedAt: NOW, bytes: 1 }, 2 ** 30, NOW, LIMITS)).toBe(false);
  });
});

describe('the files to delete', () => {
  it('are those of which all events are too old, but never the one that is written', () => {
    const files = [file(NOW - 200 * DAY), file(NOW - 100 * DAY, 100, NOW - 91 * DAY), file(NOW - 91 * DAY, 1, NOW)];
    expect(filesToDelete(files, files[2]?.name, NOW, LIMITS)).toEqual([files[1]?.name, files[0]?.name]);
    expect(filesToDelete([file(NOW - 91 * DAY)], nameOf(NOW - 91 * DAY), NOW, LIMITS)).toEqual([]);
    expect(filesToDelete([file(NOW - 91 * DAY)], undefined, NOW, LIMITS)).toHaveLength(1);
  });

  it('are the oldest ones beyond the size, with the current one as large as it may become', () => {
    const { bytes } = fileLimits(LIMITS);
    const files = Array.from({ length: 20 }, (_, index) => file(NOW + index, bytes));
    const current = files.at(-1)?.name;
    const deleted = filesToDelete(files, current, NOW, LIMITS);
    expect(deleted.sort()).toEqual(files.slice(0, 4).map(({ name }) => name));
    expect((files.length - deleted.length) * bytes).toBeLessThanOrEqual(LIMITS.maxBytes);
  });
});
