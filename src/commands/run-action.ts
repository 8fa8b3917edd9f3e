import { ConfigurationError } from '../../config/fault.ts';
import { DirectoryError } from '../domain/directory-error.ts';
import { ProcessExit } from '../domain/return-code.ts';
import { visible } from '../domain/visible.ts';
import { JournalError } from '../journal/journal-error.ts';
import { OperatorError } from '../operator/listen-address.ts';
import { RecordingError } from '../replay/recording-error.ts';
import { exitAfterWork, exitAtOnce, whenOutputIsLost } from './standard-output.ts';

/**
 * Exit codes of the commands that report on accounts or a service. OK: nothing needs attention.
 * NOT_OK: something does. UNKNOWN: the answer could not be determined.
 */
export const CommandExit = { OK: 0, NOT_OK: 1, UNKNOWN: 2 } as const;

/** Wrong arguments that commander's options cannot detect. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command failed for a reason that is reported to the user. */
export class CommandFailure extends Error {
  override readonly name = 'Failure';
}

/** How the process exits after a command. */
export interface ActionOptions {
  /** The exit code if the command fails. Default: `CommandExit.UNKNOWN`. */
  readonly failureCode?: number;
  /**
   * True for a command that changes something: it completes its work even if its output can no
   * longer be written.
   */
  readonly completesWithoutOutput?: boolean;
}

/** Runs a command's work and sets the process's exit code to its result. */
export async function runAction(
  work: () => Promise<number>,
  { failureCode = CommandExit.UNKNOWN, completesWithoutOutput }: ActionOptions = {},
) {
  whenOutputIsLost(completesWithoutOutput ? exitAfterWork(failureCode) : exitAtOnce(failureCode));
  process.exitCode = await exitCodeOf(work, failureCode);
}

/**
 * Runs the work and resolves to its exit code. An expected failure is printed with its remedy on
 * standard error. Any other error is a bug and is thrown.
 */
export async function exitCodeOf(work: () => Promise<number>, failureCode: number): Promise<number> {
  try {
    return await work();
  } catch (error) {
    const failure = describeFailure(error, failureCode);
    if (failure === undefined) throw error;
    process.stderr.write(`${failure.text}\n`);
    return failure.code;
  }
}

function describeFailure(
  error: unknown,
  failureCode: number,
): { readonly text: string; readonly code: number } | undefined {
  if (error instanceof ConfigurationError) return { text: error.message, code: ProcessExit.FAULTY_CONFIGURATION };
  if (error instanceof UsageError) return { text: error.message, code: ProcessExit.WRONG_USAGE };
  if (error instanceof RecordingError || error instanceof JournalError || error instanceof CommandFailure)
    return { text: error.message, code: failureCode };
  if (error instanceof OperatorError || error instanceof DirectoryError) {
    // The message contains words of the server, which may be hostile.
    const remedy = error.remedy === undefined ? '' : `\n  ${visible(error.remedy)}`;
    return { text: `${visible(error.message)}${remedy}`, code: failureCode };
  }
  return undefined;
}
