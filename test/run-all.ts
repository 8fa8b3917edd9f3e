// `npm test`: runs every check of the project, in order, up to the first stage that fails.
// `npm test -- types unit` runs only the named stages; `runtimes`, `installation` and `debian-13`
// run only if they are named.
// A stage that exceeds its budget is ended and fails.
// TEST_BUDGETS=3 multiplies the budgets, for a slow machine.
// The last lines give the failed tests and the reasons.
// The very last one is `N passed, N failed`.
import { join } from 'node:path';
import { testOnDebian13 } from './installation/suites-on-debian-13.ts';
import { testRuntimes } from './support/runtimes.ts';
import { runCommand, signalAll } from './support/stage-command.ts';
import { runVitest, type VitestFailure, type VitestResult } from './support/vitest-run.ts';

interface Stage {
  readonly name: string;
  readonly title: string;
  /**
   * In seconds: about three times what the stage takes on an idle machine with two processors. All
   * default stages together take less than 12 minutes.
   */
  readonly budget: number;
  readonly run: (seconds: number) => Promise<VitestResult>;
}

const root = join(import.meta.dirname, '..');
const bin = (name: string) => join(root, 'node_modules', '.bin', name);

const command =
  (path: string, ...args: string[]) =>
  async (seconds: number): Promise<VitestResult> => {
    await runCommand(path, args, { seconds, cwd: root });
    return { passed: 0, failures: [] };
  };
const vitest = (project: string) => (seconds: number) => runVitest(['--project', project], { seconds, cwd: root });
const build = command('npm', 'run', '--silent', 'build');

const DEFAULT_STAGES: readonly Stage[] = [
  { name: 'packages', title: 'Debian packages', budget: 180, run: command(bin('tsx'), 'test/packages.ts') },
  { name: 'lint', title: 'format and lint', budget: 15, run: command(bin('biome'), 'ci', '.') },
  { name: 'types', title: 'types', budget: 15, run: types },
  { name: 'architecture', title: 'import rules', budget: 10, run: vitest('architecture') },
  { name: 'knip', title: 'dead code', budget: 15, run: command(bin('knip'), '--no-progress') },
  { name: 'build', title: 'build', budget: 10, run: build },
  { name: 'unit', title: 'unit tests', budget: 220, run: vitest('unit') },
  { name: 'integration', title: 'integration tests', budget: 330, run: vitest('integration') },
  { name: 'faults', title: 'fault suite', budget: 300, run: vitest('faults') },
];
/** These need the network each time, or a long time. */
const FURTHER_STAGES: readonly Stage[] = [
  { name: 'runtimes', title: 'Node.js versions', budget: 1_200, run: runtimes },
  { name: 'installation', title: 'packages in clean roots', budget: 1_800, run: installation },
  { name: 'debian-13', title: 'integration tests and fault suite on Debian 13', budget: 2_400, run: debian13 },
];

await main(process.argv.slice(2));

async function main(wanted: readonly string[]): Promise<void> {
  const all = [...DEFAULT_STAGES, ...FURTHER_STAGES];
  const unknown = wanted.filter((name) => !all.some((stage) => stage.name === name));
  if (unknown.length > 0) {
    console.error(`unknown stage ${unknown.join(', ')}; there are: ${all.map(({ name }) => name).join(', ')}`);
    process.exitCode = 64;
    return;
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      signalAll(signal);
      process.exit(1);
    });
  }
  const stages = wanted.length === 0 ? DEFAULT_STAGES : all.filter(({ name }) => wanted.includes(name));
  let passed = 0;
  let failed = 0;
  for (const stage of stages) {
    const result = await runStage(stage);
    passed += result.passed;
    failed += result.failures.length;
    if (failed > 0) break;
  }
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

async function runStage({ title, budget, run }: Stage): Promise<VitestResult> {
  console.log(`\n== ${title}`);
  const started = performance.now();
  const result = await run(budget * Number(process.env['TEST_BUDGETS'] ?? 1)).catch(
    (error: Error): VitestResult => ({ passed: 0, failures: [{ what: title, why: [error.message] }] }),
  );
  const { failures } = result;
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  console.log(`== ${title}: ${failures.length === 0 ? 'ok' : 'FAILED'} in ${seconds} s`);
  if (failures.length > 0) console.log([`\nThe stage "${title}" failed:`, ...failures.flatMap(linesOf)].join('\n'));
  return result;
}

function linesOf({ what, why }: VitestFailure): string[] {
  return [what, ...why.map((line) => `  ${line}`)];
}

/** The page has a browser's types. */
async function types(seconds: number): Promise<VitestResult> {
  await command(bin('tsc'), '-p', 'tsconfig.json')(seconds);
  return command(bin('tsc'), '-p', 'src/page/tsconfig.json')(seconds);
}

async function runtimes(seconds: number): Promise<VitestResult> {
  await build(seconds);
  return testRuntimes({ seconds, cwd: root });
}

async function installation(seconds: number): Promise<VitestResult> {
  await command(bin('tsx'), 'test/installation/packages.ts')(seconds);
  return vitest('installation')(seconds);
}

async function debian13(seconds: number): Promise<VitestResult> {
  await command(bin('tsx'), 'test/installation/packages.ts')(seconds);
  await build(seconds);
  return testOnDebian13({ seconds, cwd: root });
}
