import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { ReportedHookContext, Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';

/** The environment variable with the path of the progress file. */
export const PROGRESS_FILE = 'TEST_PROGRESS_FILE';

/**
 * A line of the progress file: the begin or end of a module, suite or test, or the outcome of a
 * test. `what` is `FILE > SUITE > TITLE`.
 */
export type Progress =
  | { readonly kind: 'begin' | 'end'; readonly what: string }
  | { readonly kind: 'passed'; readonly what: string }
  | { readonly kind: 'failed'; readonly what: string; readonly why: readonly string[] };

type Errors = ReadonlyArray<{
  readonly name?: string;
  readonly message: string;
  readonly stacks?: ReadonlyArray<{ readonly file: string; readonly line: number }>;
}>;

/** How many lines of an error's message are kept. */
const MOST_LINES = 8;

/**
 * Writes the progress of a run as JSON lines, at once. If the run has to be ended, the file shows
 * what was done and what was still running.
 */
export default class ProgressReporter implements Reporter {
  onTestModuleStart(module: TestModule): void {
    put({ kind: 'begin', what: module.relativeModuleId });
  }

  onTestModuleEnd(module: TestModule): void {
    put({ kind: 'end', what: module.relativeModuleId });
    putErrors(module.relativeModuleId, module.errors());
  }

  onTestSuiteResult(suite: TestSuite): void {
    putErrors(nameOf(suite), suite.errors());
  }

  onHookStart({ name, entity }: ReportedHookContext): void {
    put({ kind: 'begin', what: `${nameOf(entity)} (${name})` });
  }

  onHookEnd({ name, entity }: ReportedHookContext): void {
    put({ kind: 'end', what: `${nameOf(entity)} (${name})` });
  }

  onTestCaseReady(test: TestCase): void {
    put({ kind: 'begin', what: nameOf(test) });
  }

  onTestCaseResult(test: TestCase): void {
    const what = nameOf(test);
    const { state, errors } = test.result();
    put({ kind: 'end', what });
    if (state === 'passed') put({ kind: 'passed', what });
    if (state === 'failed') put({ kind: 'failed', what, why: (errors ?? []).flatMap(tell) });
  }

  onTestRunEnd(_modules: readonly TestModule[], unhandled: Errors): void {
    putErrors('outside of any test', unhandled);
  }
}

function nameOf(entity: TestCase | TestSuite | TestModule): string {
  if (entity.type === 'module') return entity.relativeModuleId;
  return `${entity.module.relativeModuleId} > ${entity.fullName}`;
}

function putErrors(what: string, errors: Errors): void {
  if (errors.length > 0) put({ kind: 'failed', what, why: errors.flatMap(tell) });
}

function tell({ name = 'Error', message, stacks = [] }: Errors[number]): string[] {
  const [place] = stacks;
  const lines = `${name}: ${message}`.trimEnd().split('\n').slice(0, MOST_LINES);
  return place === undefined ? lines : [...lines, `at ${relative(process.cwd(), place.file)}:${place.line}`];
}

function put(progress: Progress): void {
  const file = process.env[PROGRESS_FILE];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(progress)}\n`);
}
