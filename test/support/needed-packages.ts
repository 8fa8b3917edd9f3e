import type { NeededPackages } from './packages.ts';

/** The Debian packages that the unit, integration and fault tests need. */
export const TEST_PACKAGES: NeededPackages = {
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

/** The Debian packages that the tests of the installation need. */
export const INSTALLATION_PACKAGES: NeededPackages = {
  dh: 'debhelper',
  'dpkg-buildpackage': 'dpkg-dev',
  lintian: 'lintian',
  debootstrap: 'debootstrap',
  mandoc: 'mandoc',
  man: 'man-db',
  zsh: 'zsh',
  'systemd-analyze': 'systemd',
  ip: 'iproute2',
};
