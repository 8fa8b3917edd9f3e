import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type CommandLimits, runCommand } from './stage-command.ts';
import { onThisHost, runVitest, type VitestFailure, type VitestResult } from './vitest-run.ts';

/** The supported lines of Node.js: the lowest version, and the maintained ones. */
const RUNTIMES = ['20.19', '22', '24', '26'];
const CACHE = join(import.meta.dirname, '../../node_modules/.cache/runtimes');

/**
 * Runs the tests that depend on Node.js with each supported line: the unit tests, and the walk of
 * the sandbox.
 */
export async function testRuntimes({ seconds, cwd }: CommandLimits): Promise<VitestResult> {
  const limits = { seconds: seconds / RUNTIMES.length, cwd };
  const outcomes: string[] = [];
  const failures: VitestFailure[] = [];
  let passed = 0;
  for (const version of RUNTIMES) {
    console.log(`\n-- Node.js ${version}`);
    const { node, env } = await fetchRuntime(version, limits.seconds);
    const unit = await runVitest(['--project', 'unit'], { ...limits, env }, onThisHost(node));
    const walk = await runCommand(node, ['dist/src/main.js', 'sandbox', '--once'], { ...limits, env }).then(
      (): VitestFailure[] => [],
      (error: Error): VitestFailure[] => [{ what: 'sandbox --once', why: [error.message] }],
    );
    passed += unit.passed;
    for (const { what, why } of [...unit.failures, ...walk])
      failures.push({ what: `Node.js ${version}: ${what}`, why });
    const tests = `${unit.passed} unit tests passed, ${unit.failures.length} failed`;
    outcomes.push(`Node.js ${version}: ${tests}; the walk of the sandbox ${walk.length === 0 ? 'passed' : 'failed'}`);
  }
  console.log(['', ...outcomes].join('\n'));
  return { passed, failures };
}

/**
 * Installs the newest Node.js of a line, from the npm package `node`. Returns its path, and an
 * environment with it first in PATH.
 */
export async function fetchRuntime(
  version: string,
  seconds: number,
): Promise<{ node: string; env: NodeJS.ProcessEnv }> {
  const cwd = join(CACHE, version);
  mkdirSync(cwd, { recursive: true });
  writeFileSync(join(cwd, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--no-audit', '--no-fund', '--loglevel=error', `node@${version}`];
  await runCommand('npm', args, { seconds, cwd });
  const folder = join(cwd, 'node_modules/node/bin');
  const node = join(folder, 'node');
  await runCommand(node, ['--version'], { seconds, cwd });
  return { node, env: { ...process.env, PATH: [folder, process.env['PATH']].join(delimiter) } };
}
