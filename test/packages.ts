// Installs the Debian packages that the tests need besides Node.js, as root. Otherwise it names the
// missing ones.
import { NEEDED_PACKAGES } from './support/needed-packages.ts';
import { installMissingPackages } from './support/packages.ts';

console.log(installMissingPackages(NEEDED_PACKAGES));
