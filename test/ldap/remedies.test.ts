import { describe, expect, it } from 'vitest';
import { DirectoryError } from '../../src/domain/directory-error.ts';
import { connectionError, resultError } from '../../src/ldap/remedies.ts';

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

describe('the words for a connection that fails', () => {
  const thrown = (code: string) => Object.assign(new Error(`${code} happened`), { code });

  it.each([
    ['ECONNREFUSED', 'connection refused', 'start the directory server'],
    ['ENOTFOUND', 'unknown host', 'directory.url'],
    ['ETIMEDOUT', 'no answer', 'firewalls'],
    ['ENOENT', 'no such socket', 'ldapi'],
    ['EACCES', 'permission denied', 'access to the socket'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'unknown certificate authority', 'directory.tls.caFile'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate for another name', 'subjectAltName'],
    ['CERT_HAS_EXPIRED', 'expired certificate', 'renew'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_WRONG_VERSION_NUMBER happened', 'speaks it'],
  ])('name what is wrong and what to do: %s', (code, what, remedy) => {
    const error = connectionError('ldap://x', thrown(code));
    expect(error.message).toContain(`ldap://x: ${what}`);
    expect(error.remedy).toContain(remedy);
    expect(error.cause).toMatchObject({ code });
  });

  it('name each address that was tried', () => {
    const cause = Object.assign(new AggregateError([new Error('refused ::1'), new Error('refused 127.0.0.1')]), {
      code: 'ECONNREFUSED',
    });
    expect(connectionError('ldap://localhost', cause).message).toContain('refused ::1, refused 127.0.0.1');
  });

  it('leave an error alone that has its words already', () => {
    const error = new DirectoryError('said');
    expect(connectionError('ldap://x', error)).toBe(error);
  });
});
