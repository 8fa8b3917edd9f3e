import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

const VITEST = join(import.meta.dirname, '../../node_modules/vitest/vitest.mjs');
const REPORTERS = ['default', join(import.meta.dirname, 'progress-reporter.ts')];

/**
 * Runs vitest with the Node.js at the path `node`, and resolves to the result. A run that exceeds
 * its budget is ended and fails; the reasons name the tests that were still running.
 */
export async function runVitest(
  args: readonly string[],
  limits: CommandLimits,
  node = process.execPath,
): Promise<VitestResult> {
  const folder = mkdtempSync(join(tmpdir(), 'test-progress-'));
  const file = join(folder, 'progress.jsonl');
  const env = { ...(limits.env ?? process.env), [PROGRESS_FILE]: file };
  const reporters = REPORTERS.map((reporter) => `--reporter=${reporter}`);
  try {
    const error: unknown = await runCommand(node, [VITEST, 'run', ...reporters, ...args], { ...limits, env }).then(
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
