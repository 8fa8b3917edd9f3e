// Installs what the benchmark needs: slapd, its C client, Python for the comparison, GNU time.
import { installMissingPackages } from '../test/support/packages.ts';

console.log(
  `Debian packages: ${installMissingPackages({
    slapd: 'slapd',
    ldapsearch: 'ldap-utils',
    '/usr/bin/time': 'time',
    strace: 'strace',
    '/usr/lib/python3/dist-packages/ldap/syncrepl.py': 'python3-ldap',
  })}`,
);
