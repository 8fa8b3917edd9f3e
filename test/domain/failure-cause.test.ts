import { describe, expect, it } from 'vitest';
import { causeKey, withoutUid } from '../../src/domain/failure-cause.ts';

const key = (words: string | undefined, uid = 'cust1', returnValue = 6, step = 'script') =>
  causeKey({ returnValue, step, words }, uid);

describe('the key of a cause', () => {
  it.each([
    ['uids', 'no quota for cust1', 'no quota for CUST22', 'cust22'],
    ['uids of one letter', 'fatal error for x', 'fatal error for e', 'e'],
    ['numbers', 'waited 30 s for lock 4711', 'waited 5 s for lock 12', 'cust1'],
    ['paths', 'cannot stat /var/backup/4000000/cust1: gone', 'cannot stat /var/backup/9/cust2/home: gone', 'cust2'],
    ['dates', '2026-11-28T02:11:05Z rsync failed', '2026-01-02T12:00:00Z rsync failed', 'cust1'],
    ['dates of syslog', 'Sat Nov 28 02:11:05 rsync failed', 'Sun Dec  6 02:11:05 rsync failed', 'cust1'],
    ['ids', 'job 67e4d0aa-1c2b-4f6e-9a3b-000000000001', 'job a7e4ffaa-9c2b-4fee-8a3b-00000000beef', 'cust1'],
  ])('does not count %s in the last words', (_, one, other, uid) => {
    expect(key(other, uid)).toBe(key(one, uid === 'e' ? 'x' : 'cust1'));
  });

  it.each([
    ['the words', key('no quota'), key('no space')],
    ['the code', key('no quota'), key('no quota', 'cust1', 7)],
    ['the step', key('no quota'), key('no quota', 'cust1', 6, 'quota')],
    ['whether anything was said', key('no quota'), key(undefined)],
  ])('differs by %s', (_, one, other) => {
    expect(one).not.toBe(other);
  });

  it('takes a uid with characters of patterns literally', () => {
    expect(withoutUid('no a.b here, but axb, a.bc and a.b.', 'a.b')).toBe('no {uid} here, but axb, a.bc and {uid}.');
  });
});
