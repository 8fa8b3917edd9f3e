import { describe, expect, it } from 'vitest';
import { parseLdapUrl } from '../../src/ldap/ldap-url.ts';

describe('a directory URL', () => {
  it.each([
    ['ldap://ldap.example.org', { scheme: 'ldap', host: 'ldap.example.org', port: 389 }],
    ['LDAP://LDAP.example.org:3890/', { scheme: 'ldap', host: 'ldap.example.org', port: 3890 }],
    ['ldaps://10.0.0.1/', { scheme: 'ldaps', host: '10.0.0.1', port: 636 }],
    ['ldaps://[::1]:1636', { scheme: 'ldaps', host: '::1', port: 1636 }],
    ['ldapi://%2Frun%2Fmy%20slapd%2Fldapi', { scheme: 'ldapi', path: '/run/my slapd/ldapi' }],
    ['ldapi:///', { scheme: 'ldapi', path: '/var/run/slapd/ldapi' }],
  ])('%s', (text, url) => {
    expect(parseLdapUrl(text)).toEqual(url);
  });

  it.each([
    '',
    'ldap.example.org',
    'http://x',
    'ldap://a:0',
    'ldap://a:70000',
    'ldap://a:b',
    'ldap://::1',
    'ldap://[fe80::1%eth0]',
    'ldapi://%zz',
    'ldapi://run',
    'ldap://',
    'ldap://name@host',
    'ldap://host/dc=x',
  ])('is not %s, and the error says how to write it', (text) => {
    expect(() => parseLdapUrl(text)).toThrow(expect.objectContaining({ remedy: expect.stringContaining('ldapi://') }));
  });
});
