// Installs the Debian packages that the tests need besides Node.js, as root. Otherwise it names the
// missing ones.
import { installMissingPackages } from './support/packages.ts';

console.log(
  installMissingPackages({
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
    promtool: 'prometheus',
    '/usr/sbin/sshd': 'openssh-server',
  }),
);
