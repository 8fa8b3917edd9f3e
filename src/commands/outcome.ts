import { ConfigurationError } from '../../config/fault.ts';
import { DirectoryError } from '../domain/directory-error.ts';
import { ProcessExit } from '../domain/return-code.ts';
import { OperatorError } from '../operator/listen-address.ts';
import { RecordError } from '../replay/record-error.ts';
import { endWith, goOn, whenOutputIsLost } from './standard-output.ts';

/** Exit codes of the commands that query: all is well, something is not, the answer is unknown. */
export const Answer = { WELL: 0, NOT_WELL: 1, UNREACHABLE: 2 } as const;

/** Wrong arguments that commander's options cannot detect. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command failed for a reason that is reported to the user. */
export class Failure extends Error {
  override readonly name = 'Failure';
}

/** How a command ends. */
export interface Manner {
  /** The exit code if the command cannot do its task. Default: `Answer.UNREACHABLE`. */
  readonly unable?: number;
  /** The command changes something, and completes even if its output can no longer be written. */
  readonly goesOn?: boolean;
}

/** Runs a command's work and sets the process's exit code to its result. */
export async function answer(work: () => Promise<number>, { unable = Answer.UNREACHABLE, goesOn }: Manner = {}) {
  whenOutputIsLost(goesOn ? goOn(unable) : endWith(unable));
  process.exitCode = await outcomeOf(work, unable);
}

/**
 * The exit code of the work. An expected failure prints one line with a remedy on standard error.
 * Any other error is a bug and is thrown.
 */
export async function outcomeOf(work: () => Promise<number>, unable: number): Promise<number> {
  try {
    return await work();
  } catch (error) {
    const said = tellFailure(error, unable);
    if (said === undefined) throw error;
    process.stderr.write(`${said.text}\n`);
    return said.code;
  }
}

function tellFailure(error: unknown, unable: number): { readonly text: string; readonly code: number } | undefined {
  if (error instanceof ConfigurationError) return { text: error.message, code: ProcessExit.FAULTY_CONFIGURATION };
  if (error instanceof UsageError) return { text: error.message, code: ProcessExit.WRONG_USAGE };
  if (error instanceof RecordError || error instanceof Failure) return { text: error.message, code: unable };
  if (error instanceof OperatorError || error instanceof DirectoryError) {
    const remedy = error.remedy === undefined ? '' : `\n  ${error.remedy}`;
    return { text: `${error.message}${remedy}`, code: unable };
  }
  return undefined;
}
