/**
 * The benchmark: see docs/benchmarks.md. `npm run bench -- [refresh] [start] [latency] [burst]
 * [calls] [unrelated] [several] [scale] [--quick] [--install] [SIZE ...]`; by default all parts
 * except `scale`, which takes long. A SIZE is a number of open accounts for `scale`. `--install`
 * installs the Debian packages that are missing, as root.
 */
import { installMissingPackages, type NeededPackages, requirePackages } from '../test/support/packages.ts';
import { benchBurst } from './burst.ts';
import { benchCalls } from './calls.ts';
import { benchLatency } from './latency.ts';
import { benchRefresh } from './refresh.ts';
import { summary } from './report.ts';
import { benchScale } from './scale.ts';
import { benchSeveral } from './several.ts';
import { benchStart } from './start.ts';
import { benchUnrelated } from './unrelated.ts';

const PARTS: Readonly<Record<string, (quick: boolean, sizes: readonly number[]) => Promise<void>>> = {
  refresh: benchRefresh,
  start: benchStart,
  latency: benchLatency,
  burst: benchBurst,
  calls: benchCalls,
  unrelated: benchUnrelated,
  several: benchSeveral,
  scale: benchScale,
};

/** slapd, its client in C, Python for the comparison, and GNU time. */
const PACKAGES: NeededPackages = {
  slapd: 'slapd',
  ldapsearch: 'ldap-utils',
  '/usr/bin/time': 'time',
  strace: 'strace',
  '/usr/lib/python3/dist-packages/ldap/syncrepl.py': 'python3-ldap',
};

const given = process.argv.slice(2);
const quick = given.includes('--quick');
const sizes = given.filter((word) => /^\d+$/.test(word)).map(Number);
const wanted = given.filter((word) => word !== '--quick' && word !== '--install' && !/^\d+$/.test(word));
const unknown = wanted.filter((word) => !(word in PARTS));
if (unknown.length > 0) {
  console.error(
    `unknown: ${unknown.join(', ')}; there are: ${Object.keys(PARTS).join(', ')}, --quick, --install, and sizes for scale`,
  );
  process.exit(64);
}

try {
  if (given.includes('--install') && process.getuid?.() === 0) installMissingPackages(PACKAGES);
  else requirePackages(PACKAGES, 'npm run bench -- --install');
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}

for (const [name, run] of Object.entries(PARTS)) {
  if (wanted.length === 0 ? name !== 'scale' : wanted.includes(name)) await run(quick, sizes);
}
summary();
