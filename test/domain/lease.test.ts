import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  heldLease,
  holderWord,
  isLeaseWord,
  leftLease,
  pausedLease,
  readHolder,
  readLease,
} from '../../src/domain/lease.ts';

const word = fc.stringMatching(/^[!-~]{1,20}$/);
const duration = fc.nat(999_999_999);
const part = fc.stringMatching(/^[A-Za-z0-9._:-]{1,20}$/);

describe('a lease', () => {
  it('is read as it was written, whatever the case and the blanks that the server keeps', () => {
    fc.assert(
      fc.property(word, word, word, duration, fc.nat(999), (holder, job, turn, lasts, attempt) => {
        const words = { holder, job, turn, duration: lasts };
        for (const lease of [heldLease(words), pausedLease(words, attempt)]) {
          expect(readLease([lease.text])).toEqual(lease);
          expect(readLease([` ${lease.text.toUpperCase().replaceAll(' ', '  ')} `])).toEqual(lease);
        }
      }),
    );
  });

  it('is written so that it can be read, whatever its duration', () => {
    for (const duration of [0.5, 79_110.198, 1e12]) {
      const lease = heldLease({ holder: 'web/1/b', job: '17', turn: 't1', duration });
      expect(readLease([lease.text])).toEqual(lease);
    }
  });

  it.each([
    ['free', 'free'],
    ['LEFT', 'left'],
    ['held web/1/b 17 t1 30000', 'held'],
    ['paused web/1/b 17 t1 90000 3', 'paused'],
  ])('is what it says: %s', (value, is) => {
    expect(readLease([value]).is).toBe(is);
  });

  it('says the attempt that was left, which is the first one if it says nothing', () => {
    for (const attempt of [1, 2, 17]) expect(readLease([leftLease(attempt).text])).toEqual(leftLease(attempt));
    expect(readLease(['left'])).toMatchObject({ text: 'left', attempt: 1 });
  });

  it('is missing without an entry', () => {
    expect(readLease(undefined).is).toBe('missing');
  });

  it.each([
    [[]],
    [['free', 'held web/1/b 17 t1 30000']],
    [['']],
    [['free now']],
    [['held web/1/b 17 t1']],
    [['held web/1/b 17 t1 30000 3']],
    [['held web/1/b 17 t1 -1']],
    [['held web/1/b 17 t1 9999999999']],
    [['paused web/1/b 17 t1 30000']],
    [['paused web/1/b 17 t1 30000 3 4']],
    [['left now']],
    [['left 2 3']],
    [['backup of 2019']],
  ])("is nobody's if it is %j, and says what to do", (values) => {
    expect(readLease(values)).toMatchObject({ is: 'unclear', reason: expect.stringContaining('replace') });
  });

  it('is no other service for any text', () => {
    fc.assert(fc.property(fc.array(fc.string()), (values) => typeof readLease(values).text === 'string'));
  });
});

describe('a holder', () => {
  it('is read as it was written, and fits into a lease', () => {
    fc.assert(
      fc.property(part, part, part, (installation, lock, boot) => {
        const text = holderWord({ installation, lock, boot });
        expect(isLeaseWord(text)).toBe(true);
        expect(holderWord(readHolder(text)!)).toBe(text);
      }),
    );
  });

  it('has no part with a blank or a slash', () => {
    for (const installation of ['', 'a b', 'a/b', 'ä'])
      expect(() => holderWord({ installation, lock: '1', boot: 'b' })).toThrow(RangeError);
    expect(readHolder('somebody')).toBeUndefined();
  });
});
