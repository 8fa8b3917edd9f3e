import type { NeededPackages } from './packages.ts';

/** What the tests need of Debian besides Node.js. */
export const NEEDED_PACKAGES: NeededPackages = {
  '/usr/bin/python3': 'python3',
  slapd: 'slapd',
  ldapsearch: 'ldap-utils',
  dscreate: '389-ds-base',
  openssl: 'openssl',
  rsnapshot: 'rsnapshot',
  setquota: 'quota',
  rsyslogd: 'rsyslog',
  faketime: 'faketime',
  haproxy: 'haproxy',
  '/usr/bin/chromium': 'chromium',
  patch: 'patch',
  curl: 'curl',
  promtool: 'prometheus',
  '/usr/sbin/sshd': 'openssh-server',
};
