// Installs the Debian packages that only the tests of the installation need, as root. Otherwise it
// names the missing ones.
import { installMissingPackages } from '../support/packages.ts';

console.log(
  installMissingPackages({
    dh: 'debhelper',
    'dpkg-buildpackage': 'dpkg-dev',
    lintian: 'lintian',
    debootstrap: 'debootstrap',
    mandoc: 'mandoc',
    man: 'man-db',
    zsh: 'zsh',
    'systemd-analyze': 'systemd',
    ip: 'iproute2',
  }),
);
