import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { PROGRESS_FILE, type Progress } from './progress-reporter.ts';
import { type CommandLimits, runCommand, TimeBudgetExceeded } from './stage-command.ts';

/** A failure and its reasons, as lines. */
export interface VitestFailure {
  readonly what: string;
  readonly why: readonly string[];
}

export interface VitestResult {
  /** The number of tests that passed. */
  readonly passed: number;
  readonly failures: readonly VitestFailure[];
}

/** Where vitest runs. */
export interface VitestPlace {
  /** The folder on this host that is the root there. */
  readonly root: string;
  /** The folder of the project there. */
  readonly project: string;
  /**
   * Returns the command that runs Node.js there with these arguments, and this in its environment.
   */
  node(args: readonly string[], env: Readonly<Record<string, string>>): readonly [string, readonly string[]];
}

/** On this host, with the Node.js at this path. */
export function onThisHost(node = process.execPath): VitestPlace {
  return {
    root: '/',
    project: join(import.meta.dirname, '../..'),
    node: (args, env) => ['env', [...Object.entries(env).map(([name, value]) => `${name}=${value}`), node, ...args]],
  };
}

/**
 * Runs vitest, and resolves to the result. A run that exceeds its budget is ended and fails; the
 * reasons name the tests that were still running.
 */
export async function runVitest(
  args: readonly string[],
  limits: CommandLimits,
  { root, project, node }: VitestPlace = onThisHost(),
): Promise<VitestResult> {
  const folder = mkdtempSync(join(root, tmpdir(), 'test-progress-'));
  const file = join(folder, 'progress.jsonl');
  const reporters = ['default', join(project, 'test/support/progress-reporter.ts')];
  const options = reporters.map((reporter) => `--reporter=${reporter}`);
  const vitest = [join(project, 'node_modules/vitest/vitest.mjs'), 'run', ...options, ...args];
  try {
    const [path, rest] = node(vitest, { [PROGRESS_FILE]: join('/', relative(root, file)) });
    const error: unknown = await runCommand(path, rest, limits).then(
      () => undefined,
      (cause: unknown) => cause,
    );
    const { passed, failures, running } = readProgress(file);
    if (error === undefined) return { passed, failures };
    const why = [error instanceof Error ? error.message : String(error)];
    if (error instanceof TimeBudgetExceeded)
      return { passed, failures: [...failures, { what: 'vitest', why: [...why, ...running] }] };
    return { passed, failures: failures.length > 0 ? failures : [{ what: 'vitest', why }] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readProgress(file: string): VitestResult & { readonly running: readonly string[] } {
  // The last line is incomplete if the run was killed during a write.
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  const running = new Set<string>();
  const failures: VitestFailure[] = [];
  let passed = 0;
  for (const line of lines) {
    const progress = JSON.parse(line) as Progress;
    switch (progress.kind) {
      case 'begin':
        running.add(progress.what);
        break;
      case 'end':
        running.delete(progress.what);
        break;
      case 'passed':
        passed += 1;
        break;
      case 'failed':
        failures.push(progress);
        break;
    }
  }
  return { passed, failures, running: innermost([...running]).map((what) => `still running: ${what}`) };
}

/**
 * The names that are not a prefix of another one: without the files and suites of running tests.
 */
function innermost(names: readonly string[]): string[] {
  return names.filter((name) => !names.some((other) => other !== name && other.startsWith(name)));
}
