import { describe, expect, it } from 'vitest';
import { leaseLines } from '../../src/commands/explain-lease.ts';
import { readLease } from '../../src/domain/lease.ts';

const HERE = { installation: 'Web1', boot: 'b-1' };
const writtenAt = Date.parse('2026-03-01T02:00:00Z');
const linesOf = (value: string, present: readonly string[] = []) =>
  leaseLines({ lease: readLease([value]), writtenAt }, { here: HERE, present }).join('\n');

describe('the explanation of a lease', () => {
  it.each([
    ['web1/25:7/b-1', 'web1 (lock 25:7), a service on this host (boot b-1, job j)'],
    ['web1/25:7/b-0', 'a service on this host before its last boot, or a host of the same name'],
    ['box/25:7/b-1', 'a service in box, which runs on this machine'],
    ['web2/25:7/b-9', 'web2 (lock 25:7), a service on another host (boot b-9, job j)'],
    ['older', 'older, a holder of another version of the service (job j)'],
  ])('says of the holder %s where it is', (holder, words) => {
    expect(linesOf(`held ${holder} j t 60000`)).toContain(words);
  });

  it('says when another service takes it over, and by whose clock', () => {
    const value = 'held web2/25:7/b-9 j t 60000';
    expect(linesOf(value, ['web2/25:7/b-9'])).toMatch(
      /Next: nothing while its service renews it; .*60 s by its own clock/,
    );
    expect(linesOf(value)).toContain('Next: nothing: its service has stopped, or has another holder lock now');
    expect(linesOf(value)).toMatch(
      /According to the directory it was written 2026-03-01 .* no service decides by this time/,
    );
  });

  it('says which attempt a pause is before', () => {
    expect(linesOf('paused web2/25:7/b-9 j t 60000 3')).toContain('during a pause before attempt 3');
  });

  it.each([
    ['free', 'is free: no service works on the uid'],
    ['left', 'it takes the lease at once'],
    ['something else', 'replace its description by the one value free'],
  ])('says what %s means', (value, words) => {
    expect(linesOf(value)).toContain(words);
  });
});
