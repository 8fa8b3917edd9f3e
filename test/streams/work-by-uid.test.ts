import { beforeEach, describe, expect, it } from 'vitest';
import { WorkByUid } from '../../streams/accounts/work-by-uid.ts';

let work: WorkByUid;

beforeEach(() => {
  work = new WorkByUid();
});

describe('work by its uid', () => {
  it('is known by the entry, and to every other entry with the same uid', () => {
    work.saw('a', 'one', 5);
    expect(work.on('a', 'one')).toBe(5);
    expect(work.onOtherEntries('a', 'one')).toBeUndefined();
    expect(work.onOtherEntries('a', 'two')).toBe(5);
    expect(work.onOtherEntries('b', 'two')).toBeUndefined();
    work.saw('a', 'three', 7);
    expect(work.onOtherEntries('a', 'two')).toBe(7);
  });

  it('is as young as its last sight, and over when it is ended', () => {
    work.saw('a', 'one', 5);
    work.saw('a', 'one', 9);
    work.saw('a', 'one', 7);
    expect(work.on('a', 'one')).toBe(9);
    work.ended('a', 'one');
    expect(work.on('a', 'one')).toBeUndefined();
    expect(work.onOtherEntries('a', 'two')).toBeUndefined();
  });

  it('is remembered of entries that are out of sight, the latest 20,000', () => {
    for (let index = 0; index < 20_001; index += 1) {
      work.saw(`uid-${index}`, 'one', index);
      work.lostSight(`uid-${index}`, 'one');
    }
    expect(work.onOtherEntries('uid-0', 'two')).toBeUndefined();
    expect(work.onOtherEntries('uid-1', 'two')).toBe(1);
    expect(work.onOtherEntries('uid-20000', 'two')).toBe(20_000);
  });

  it('is not forgotten for its number while it is in sight', () => {
    work.saw('a', 'one', 5);
    work.lostSight('a', 'one');
    work.saw('a', 'one', 6);
    for (let index = 0; index < 20_001; index += 1) {
      work.saw(`uid-${index}`, 'one', index);
      work.lostSight(`uid-${index}`, 'one');
    }
    expect(work.on('a', 'one')).toBe(6);
    work.lostSight('nobody', 'one');
  });
});
