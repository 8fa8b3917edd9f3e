import { ConfigurationError } from '../../config/fault.ts';
import { DirectoryError } from '../domain/directory-error.ts';
import { ProcessExit } from '../domain/return-code.ts';
import { OperatorError } from '../operator/listen-address.ts';
import { RecordError } from '../replay/record-error.ts';

/** Exit codes of the commands that ask: everything is well, something is not, and it cannot be told. */
export const Answer = { WELL: 0, NOT_WELL: 1, UNREACHABLE: 2 } as const;

/** The command was called wrongly in a way that its options cannot say. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Runs a command's work and makes its result the process's exit code. Expected failures become one line on standard error
 * that says what to do; anything else is a bug and stays an exception.
 */
export async function answer(work: () => Promise<number>): Promise<void> {
  endQuietlyWithoutReader();
  try {
    process.exitCode = await work();
  } catch (error) {
    const said = tellFailure(error);
    if (said === undefined) throw error;
    process.stderr.write(`${said.text}\n`);
    process.exitCode = said.code;
  }
}

function tellFailure(error: unknown): { readonly text: string; readonly code: number } | undefined {
  if (error instanceof ConfigurationError) return { text: error.message, code: ProcessExit.FAULTY_CONFIGURATION };
  if (error instanceof UsageError) return { text: error.message, code: ProcessExit.WRONG_USAGE };
  if (error instanceof RecordError) return { text: error.message, code: Answer.UNREACHABLE };
  if (error instanceof OperatorError || error instanceof DirectoryError) {
    const remedy = error.remedy === undefined ? '' : `\n  ${error.remedy}`;
    return { text: `${error.message}${remedy}`, code: Answer.UNREACHABLE };
  }
  return undefined;
}

/** A reader such as `head` that has seen enough is no failure. */
export function endQuietlyWithoutReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
}

/** The same for a command that changes something: it does all of it, whoever reads on. */
export function goOnWithoutReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
