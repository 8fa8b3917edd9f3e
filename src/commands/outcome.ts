import { ConfigurationError } from '../../config/fault.ts';
import { DirectoryError } from '../domain/directory-error.ts';
import { ProcessExit } from '../domain/return-code.ts';
import { OperatorError } from '../operator/listen-address.ts';
import { RecordError } from '../replay/record-error.ts';
import { endWith, goOn, whenOutputIsLost } from './standard-output.ts';

/** Exit codes of the commands that ask: everything is well, something is not, and it cannot be told. */
export const Answer = { WELL: 0, NOT_WELL: 1, UNREACHABLE: 2 } as const;

/** The command was called wrongly in a way that its options cannot say. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command did not come to its end, for a reason that is said to the user. */
export class Failure extends Error {
  override readonly name = 'Failure';
}

/** How a command answers. */
export interface Manner {
  /** The exit code where it cannot do what it is for. Default: `Answer.UNREACHABLE`. */
  readonly unable?: number;
  /** It changes something, and so does all of it, whoever reads what it prints. */
  readonly goesOn?: boolean;
}

/** Runs a command's work and makes its result the process's exit code. */
export async function answer(work: () => Promise<number>, { unable = Answer.UNREACHABLE, goesOn }: Manner = {}) {
  whenOutputIsLost(goesOn ? goOn(unable) : endWith(unable));
  process.exitCode = await outcomeOf(work, unable);
}

/**
 * What the work comes to, as an exit code. Expected failures become one line on standard error that
 * says what to do; anything else is a bug and stays an exception.
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
