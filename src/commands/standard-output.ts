import { ReturnCode } from '../domain/return-code.ts';

/** What a command does once its output cannot be written any more. */
export type OutputLossHandler = () => void;

let handleLoss: OutputLossHandler = exitAtOnce(ReturnCode.UNDEFINED_ERROR);
let isLost = false;

/**
 * Handles a failing standard output for all commands. A reader such as `head` that closes the pipe
 * is not reported; a full disk is. Call it at the start.
 */
export function watchOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (isLost) return; // each write to a full file fails again
    isLost = true;
    if (error.code === 'EBADF') process.stderr.write('standard output is closed, so the answer is lost: open it\n');
    else if (error.code !== 'EPIPE') {
      process.stderr.write(`standard output cannot be written (${error.message}); see to its room\n`);
    }
    handleLoss();
  });
  // A failing standard error cannot be reported anywhere.
  process.stderr.on('error', () => {});
}

/** Sets what to do then. By default the process ends with `UNDEFINED_ERROR`. */
export function whenOutputIsLost(handler: OutputLossHandler): void {
  handleLoss = handler;
}

/** Ends the process at once, as the rest of the work is only output. */
export function exitAtOnce(exitCode: number): OutputLossHandler {
  return () => process.exit(exitCode);
}

/** Continues the work. The process ends with this exit code if the work succeeds. */
export function exitAfterWork(exitCode: number): OutputLossHandler {
  return () => {
    process.once('exit', () => {
      process.exitCode ||= exitCode;
    });
  };
}
