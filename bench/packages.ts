// Installs what the benchmark needs beside the program: the directory, its C client, the Python that it is compared with, and GNU time.
import { installMissingPackages } from '../test/support/packages.ts';

console.log(
  `Debian packages: ${installMissingPackages({
    slapd: 'slapd',
    ldapsearch: 'ldap-utils',
    '/usr/bin/time': 'time',
    '/usr/lib/python3/dist-packages/ldap/syncrepl.py': 'python3-ldap',
  })}`,
);
