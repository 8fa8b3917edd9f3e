import { describe, expect, it } from 'vitest';
import { resultError } from '../../src/ldap/remedies.ts';

describe('the words for a refusal', () => {
  it('hold the server’s own, the name of the code and the code', () => {
    const error = resultError('bind', { resultCode: 49, diagnosticMessage: 'no such account\n' });
    expect(error.message).toBe('bind: invalid credentials (49): no such account');
    expect(error).toMatchObject({ resultCode: 49, remedy: expect.stringContaining('directory.bindDn') });
  });

  it('hold where a referral points to', () => {
    const error = resultError('modify', { resultCode: 10, referrals: ['ldap://provider/'] });
    expect(error.message).toBe('modify: referral (10) (to ldap://provider/)');
    expect(error.remedy).toContain('directory.url');
  });

  it.each([3, 4, 8, 10, 12, 32, 49, 50, 51, 52, 53, 118, 4096])('hold what to do about result %i', (resultCode) => {
    expect(resultError('x', { resultCode }).remedy).toMatch(/\w{3}/);
  });

  it('exist for a code that nobody knows', () => {
    expect(resultError('x', { resultCode: 9999 })).toMatchObject({
      message: 'x: unknown result (9999)',
      resultCode: 9999,
    });
  });
});
