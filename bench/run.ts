/**
 * The benchmark: see docs/benchmarks.md. `npm run bench -- [refresh] [start] [latency] [burst]
 * [--quick]`; all parts by default.
 */
import { benchBurst } from './burst.ts';
import { benchLatency } from './latency.ts';
import { benchRefresh } from './refresh.ts';
import { summary } from './report.ts';
import { benchStart } from './start.ts';

const PARTS: Readonly<Record<string, (quick: boolean) => Promise<void>>> = {
  refresh: benchRefresh,
  start: benchStart,
  latency: benchLatency,
  burst: benchBurst,
};

const given = process.argv.slice(2);
const quick = given.includes('--quick');
const wanted = given.filter((word) => word !== '--quick');
const unknown = wanted.filter((word) => !(word in PARTS));
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; there are: ${Object.keys(PARTS).join(', ')}, and --quick`);
  process.exit(64);
}

for (const [name, run] of Object.entries(PARTS)) {
  if (wanted.length === 0 || wanted.includes(name)) await run(quick);
}
summary();
