import { describe, expect, it } from 'vitest';
import { DirectoryError } from '../../src/domain/directory-error.ts';
import { connectionError } from '../../src/ldap/connection-error.ts';

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
    ['ERR_SSL_CA_MD_TOO_WEAK', 'weak certificate signature', 'SHA-256'],
    ['ERR_SSL_EE_KEY_TOO_SMALL', 'certificate key too small', '2048'],
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

  it('tell the faults of a certificate apart that Node.js has no code for', () => {
    const unspecified = (message: string) =>
      connectionError('ldaps://x', Object.assign(new Error(message), { code: 'UNSPECIFIED' }));
    expect(unspecified('CA certificate key too weak').message).toContain('certificate key too small');
    expect(unspecified('EE certificate key too weak').remedy).toContain('2048');
    expect(unspecified('something new').message).toBe('ldaps://x: something new');
  });
});
