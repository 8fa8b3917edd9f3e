import { ReturnCode } from '../domain/return-code.ts';

/** Called when the output of a command can no longer be written. */
export type OutputLossHandler = () => void;

let handleLoss: OutputLossHandler = exitAtOnce(ReturnCode.UNDEFINED_ERROR);
let isLost = false;

/**
 * Handles a failing standard output for all commands. A full disk is reported. A reader that closes
 * the pipe, such as `head`, is not. To be called once, at the start.
 */
export function watchOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (isLost) return; // each write to a full file fails again
    isLost = true;
    if (error.code === 'EBADF') process.stderr.write('standard output is closed, so the output is lost: open it\n');
    else if (error.code !== 'EPIPE') {
      process.stderr.write(`standard output cannot be written (${error.message}); check its free space\n`);
    }
    handleLoss();
  });
  // A failing standard error cannot be reported anywhere.
  process.stderr.on('error', () => {});
}

/**
 * Sets the handler for the loss of the output. By default the process exits with `UNDEFINED_ERROR`.
 */
export function whenOutputIsLost(handler: OutputLossHandler): void {
  handleLoss = handler;
}

/** Exits at once. For commands whose remaining work is only output. */
export function exitAtOnce(exitCode: number): OutputLossHandler {
  return () => process.exit(exitCode);
}

/** Continues the work. If the work succeeds, the process exits with this code. */
export function exitAfterWork(exitCode: number): OutputLossHandler {
  return () => {
    process.once('exit', () => {
      process.exitCode ||= exitCode;
    });
  };
}
