// What `npm test` runs: every check of the project, in order, up to the first that fails.
// `npm test -- types unit` runs only the stages named. The last line counts the tests: `N passed, N failed`.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installMissingPackages } from './support/packages.mjs';

const root = join(import.meta.dirname, '..');
const bin = (name) => join(root, 'node_modules', '.bin', name);
const reports = mkdtempSync(join(tmpdir(), 'test-reports-'));

const stages = [
  { name: 'packages', title: 'Debian packages', run: async () => console.log(installMissingPackages()) },
  { name: 'lint', title: 'format and lint', run: () => command(bin('biome'), ['ci', '.']) },
  { name: 'types', title: 'types', run: () => command(bin('tsc'), ['-p', 'tsconfig.json']) },
  { name: 'architecture', title: 'import rules', run: () => vitest('architecture') },
  { name: 'knip', title: 'dead code', run: () => command(bin('knip'), ['--no-progress']) },
  { name: 'build', title: 'build', run: () => command('npm', ['run', '--silent', 'build']) },
  { name: 'unit', title: 'unit tests', run: () => vitest('unit') },
  { name: 'integration', title: 'integration tests', run: () => vitest('integration') },
  { name: 'faults', title: 'fault suite', run: () => vitest('faults') },
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !stages.some((stage) => stage.name === name));
if (unknown.length > 0) {
  console.error(`unknown stage ${unknown.join(', ')}; there are: ${stages.map(({ name }) => name).join(', ')}`);
  process.exit(64);
}

let passed = 0;
let failed = 0;
try {
  for (const { name, title, run } of stages) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    console.log(`\n== ${title}`);
    const started = performance.now();
    const problem = await run().then(
      () => undefined,
      (error) => error,
    );
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`== ${title}: ${problem === undefined ? 'ok' : 'FAILED'} in ${seconds} s`);
    if (problem !== undefined) {
      console.error(`\nThe stage "${title}" failed: ${problem.message}`);
      if (!problem.counted) failed += 1;
      break;
    }
  }
} finally {
  rmSync(reports, { recursive: true, force: true });
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** Runs a command with its output on ours; rejects when it fails. */
function command(path, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${path} ${args.join(' ')} ended with ${code ?? signal}`));
    });
  });
}

/** Runs one project of vitest.config.ts and adds its tests to the counts. */
async function vitest(project) {
  const file = join(reports, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const outcome = await command(bin('vitest'), ['run', '--project', project, ...reporters]).then(
    () => undefined,
    (error) => error,
  );
  const before = failed;
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    passed += report.numPassedTests;
    failed += report.numFailedTests;
  } catch (error) {
    throw outcome ?? new Error(`vitest wrote no report: ${error.message}`);
  }
  if (outcome !== undefined) throw Object.assign(outcome, { counted: failed > before });
}
