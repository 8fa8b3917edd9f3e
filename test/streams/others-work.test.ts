import { beforeEach, describe, expect, it } from 'vitest';
import { OthersWork } from '../../streams/others-work.ts';

let others: OthersWork;

beforeEach(() => {
  others = new OthersWork();
});

describe('what other services work on', () => {
  it('is known by the entry, and to every other entry with the same uid', () => {
    others.saw('a', 'one', 5);
    expect(others.on('a', 'one')).toBe(5);
    expect(others.besides('a', 'one')).toBeUndefined();
    expect(others.besides('a', 'two')).toBe(5);
    expect(others.besides('b', 'two')).toBeUndefined();
    others.saw('a', 'three', 7);
    expect(others.besides('a', 'two')).toBe(7);
  });

  it('is as young as it was seen last, and over when it is told to be', () => {
    others.saw('a', 'one', 5);
    others.saw('a', 'one', 9);
    expect(others.on('a', 'one')).toBe(9);
    others.ended('a', 'one');
    expect(others.on('a', 'one')).toBeUndefined();
    expect(others.besides('a', 'two')).toBeUndefined();
  });

  it('is remembered of entries that are out of sight, the latest 20,000', () => {
    for (let index = 0; index < 20_001; index += 1) {
      others.saw(`uid-${index}`, 'one', index);
      others.lostSight(`uid-${index}`, 'one');
    }
    expect(others.besides('uid-0', 'two')).toBeUndefined();
    expect(others.besides('uid-1', 'two')).toBe(1);
    expect(others.besides('uid-20000', 'two')).toBe(20_000);
  });

  it('is not forgotten for its number while it is in sight', () => {
    others.saw('a', 'one', 5);
    others.lostSight('a', 'one');
    others.saw('a', 'one', 6);
    for (let index = 0; index < 20_001; index += 1) {
      others.saw(`uid-${index}`, 'one', index);
      others.lostSight(`uid-${index}`, 'one');
    }
    expect(others.on('a', 'one')).toBe(6);
    others.lostSight('nobody', 'one');
  });
});
