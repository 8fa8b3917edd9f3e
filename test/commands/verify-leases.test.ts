import { describe, expect, it } from 'vitest';
import type { FindingKind } from '../../src/commands/finding.ts';
import { withLease } from '../../src/commands/verify-leases.ts';
import { readLease } from '../../src/domain/lease.ts';

const finding = (kind: FindingKind) => ({
  ...{ kind, owed: true, uid: 'anna', dn: 'uid=anna', mode: 'add' },
  ...{ ageSeconds: 1, since: null, returnValue: null, reason: 'it is so' },
});

describe('a finding of verify', () => {
  it.each([
    ['open', 'held web2/25:7/b j t 60000', '; web2 (lock 25:7) holds its lease'],
    ['in work', 'held web2/25:7/b j t 60000', '; web2 (lock 25:7) holds its lease'],
    [
      'in work',
      'paused web2/25:7/b j t 60000 3',
      '; web2 (lock 25:7) holds its lease, during a pause before attempt 3',
    ],
    ['in work', 'left', '; its lease is left: its service has stopped, and another service resumes the account'],
    ['in work', undefined, '; its lease is missing, and does not say who works on it'],
    ['open', 'free', ''],
    ['open', undefined, ''],
  ] as const)('about an account that is %s, with the lease %s, says "it is so%s"', (kind, value, words) => {
    const lease = readLease(value === undefined ? undefined : [value]);
    expect(withLease(finding(kind), lease)).toMatchObject({ reason: `it is so${words}`, lease: { is: lease.is } });
  });

  it('has the whole holder for programs, and none where nobody has the lease', () => {
    expect(withLease(finding('open'), readLease(['held web2/25:7/b j t 60000'])).lease?.holder).toBe('web2/25:7/b');
    expect(withLease(finding('open'), readLease(['free'])).lease).toEqual({ is: 'free' });
  });

  it('says what to do about an entry that is no lease', () => {
    expect(withLease(finding('open'), readLease(['nonsense'])).reason).toContain('by the one value free');
  });
});
