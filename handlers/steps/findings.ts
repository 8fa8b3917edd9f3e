import type { CheckLine } from '../../src/domain/check-line.ts';
import { commandPath } from '../../src/script/command.ts';
import { locate } from '../../src/script/locate.ts';

/** Something that would make a step fail for every account. `key` is the setting in question. */
export interface StepFinding {
  readonly key: string;
  readonly message: string;
  readonly remedy: string;
}

/** The lines of `check` for what was found, or the one that says what is well. */
export function linesOf(what: string, wellFound: string, findings: readonly StepFinding[]): CheckLine[] {
  if (findings.length === 0) return [{ verdict: 'ok', what, found: wellFound }];
  return findings.map(({ key, message, remedy }) => ({ verdict: 'fail', what, found: `${key}: ${message}`, remedy }));
}

/** What keeps a command from being started, by its program. */
export function inspectProgram(key: string, [program = '']: readonly string[]): readonly StepFinding[] {
  const located = locate(program, commandPath(process.env));
  if (located.kind === 'located') return [];
  const message = `${program} cannot be started (${located.code})`;
  return [{ key, message, remedy: `install ${program}, or correct ${key}` }];
}
