// `npm test`: runs every check of the project, in order, up to the first stage that fails.
// `npm test -- --help` lists the stages and options. A stage that exceeds its budget is ended and
// fails. The last lines give the failed tests and the reasons. The very last line is
// `N passed, N failed`.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { testOnDebian13 } from './installation/suites-on-debian-13.ts';
import { INSTALLATION_PACKAGES, TEST_PACKAGES } from './support/needed-packages.ts';
import { installMissingPackages, type NeededPackages, requirePackages } from './support/packages.ts';
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
  /** The Debian packages of this host that the stage uses. */
  readonly needs: NeededPackages;
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

const ALL_PACKAGES: NeededPackages = { ...TEST_PACKAGES, ...INSTALLATION_PACKAGES };

const DEFAULT_STAGES: readonly Stage[] = [
  { name: 'lint', title: 'format and lint', budget: 15, needs: {}, run: command(bin('biome'), 'ci', '.') },
  { name: 'types', title: 'types', budget: 15, needs: {}, run: types },
  { name: 'architecture', title: 'import rules', budget: 10, needs: {}, run: vitest('architecture') },
  { name: 'knip', title: 'dead code', budget: 15, needs: {}, run: command(bin('knip'), '--no-progress') },
  { name: 'build', title: 'build', budget: 10, needs: {}, run: build },
  { name: 'unit', title: 'unit tests', budget: 220, needs: TEST_PACKAGES, run: vitest('unit') },
  { name: 'integration', title: 'integration tests', budget: 330, needs: TEST_PACKAGES, run: vitest('integration') },
  { name: 'faults', title: 'fault suite', budget: 300, needs: TEST_PACKAGES, run: vitest('faults') },
];
/** These need the network each time, or a long time. */
const FURTHER_STAGES: readonly Stage[] = [
  { name: 'coverage', title: 'coverage by the unit tests', budget: 300, needs: TEST_PACKAGES, run: coverage },
  { name: 'runtimes', title: 'Node.js versions', budget: 1_200, needs: TEST_PACKAGES, run: runtimes },
  {
    name: 'installation',
    title: 'packages in clean roots',
    budget: 1_800,
    needs: ALL_PACKAGES,
    run: vitest('installation'),
  },
  {
    name: 'debian-13',
    title: 'integration tests and fault suite on Debian 13',
    budget: 2_400,
    needs: ALL_PACKAGES,
    run: debian13,
  },
];
const ALL_STAGES = [...DEFAULT_STAGES, ...FURTHER_STAGES];

const OPTIONS = { install: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
/** EX_USAGE of sysexits.h. */
const WRONG_USAGE = 64;

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  const given = readArguments(args);
  if (given === undefined) return;
  const { wanted, install } = given;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      signalAll(signal);
      process.exit(1);
    });
  }
  const stages = wanted.length === 0 ? DEFAULT_STAGES : ALL_STAGES.filter(({ name }) => wanted.includes(name));
  let passed = 0;
  let failed = havePackages(stages, install, ['npm test -- --install', ...wanted].join(' ')) ? 0 : 1;
  for (const stage of stages) {
    if (failed > 0) break;
    const result = await runStage(stage);
    passed += result.passed;
    failed += result.failures.length;
  }
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

/** Undefined if there is nothing to run: then it has shown the help, or what is wrong. */
function readArguments(args: readonly string[]): { wanted: readonly string[]; install: boolean } | undefined {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    const unknown = positionals.filter((name) => !ALL_STAGES.some((stage) => stage.name === name));
    if (unknown.length > 0) throw new Error(`unknown stage ${unknown.join(', ')}`);
    if (values.help !== true) return { wanted: positionals, install: values.install ?? false };
    console.log(help());
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${help()}`);
    process.exitCode = WRONG_USAGE;
  }
  return undefined;
}

function help(): string {
  const lines = (stages: readonly Stage[]) => stages.map(({ name, title }) => `  ${name.padEnd(14)}${title}`);
  return [
    'usage: npm test [-- [--install] [STAGE ...]]',
    '',
    'Without a STAGE, these run in order, up to the first one that fails:',
    ...lines(DEFAULT_STAGES),
    'These run only if they are named:',
    ...lines(FURTHER_STAGES),
    '',
    'Options:',
    '  --install     install the Debian packages that the stages need, as root',
    '  -h, --help    show this help',
    '',
    'TEST_BUDGETS=3 in the environment multiplies the time budgets, for a slow machine.',
  ].join('\n');
}

/**
 * Whether this host has the Debian packages that the stages need. With `install`, the missing ones
 * are installed first. Prints what is missing.
 */
function havePackages(stages: readonly Stage[], install: boolean, installingCommand: string): boolean {
  const needed: NeededPackages = Object.assign({}, ...stages.map(({ needs }) => needs));
  try {
    if (install && process.getuid?.() === 0) installMissingPackages(needed);
    else requirePackages(needed, installingCommand);
    return true;
  } catch (error) {
    console.log((error as Error).message);
    return false;
  }
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

/** Fails below the thresholds in vitest.config.ts. */
function coverage(seconds: number): Promise<VitestResult> {
  return runVitest(['--project', 'unit', '--coverage'], { seconds, cwd: root });
}

async function runtimes(seconds: number): Promise<VitestResult> {
  await build(seconds);
  return testRuntimes({ seconds, cwd: root });
}

async function debian13(seconds: number): Promise<VitestResult> {
  await build(seconds);
  return testOnDebian13({ seconds, cwd: root });
}
