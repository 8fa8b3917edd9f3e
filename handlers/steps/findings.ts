import type { CheckLine } from '../../src/domain/check-line.ts';
import { commandPath } from '../../src/script/command.ts';
import { locate } from '../../src/script/locate.ts';

/** A fault that makes a step fail for every account. `key` is the setting concerned. */
export interface StepFinding {
  readonly key: string;
  readonly message: string;
  readonly remedy: string;
}

/** A failed line of `check` for each finding; without findings, one line with `wellFound`. */
export function linesOf(what: string, wellFound: string, findings: readonly StepFinding[]): CheckLine[] {
  if (findings.length === 0) return [{ verdict: 'ok', what, found: wellFound }];
  return findings.map(({ key, message, remedy }) => ({ verdict: 'fail', what, found: `${key}: ${message}`, remedy }));
}

/** A finding if the program of a command cannot be started. */
export function inspectProgram(key: string, [program = '']: readonly string[]): readonly StepFinding[] {
  const located = locate(program, commandPath(process.env));
  if (located.kind === 'located') return [];
  const message = `${program} cannot be started (${located.code})`;
  return [{ key, message, remedy: `install ${program}, or correct ${key}` }];
}
