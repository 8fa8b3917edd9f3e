import { ReturnCode } from '../domain/return-code.ts';

/** What a command does once nothing that it prints arrives any more. */
export type WithoutOutput = () => void;

let react: WithoutOutput = endWith(ReturnCode.UNDEFINED_ERROR);
let isLost = false;

/**
 * Hears, for all commands, that standard output cannot be written: a reader such as `head` has seen
 * enough, which is not worth a word, or a disk is full, which is. Call it at the start.
 */
export function watchOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (isLost) return; // each write to a file that is full fails anew
    isLost = true;
    if (error.code !== 'EPIPE') {
      process.stderr.write(`standard output cannot be written (${error.message}); see to its room\n`);
    }
    react();
  });
  // There is nowhere left to say it.
  process.stderr.on('error', () => {});
}

/** From now on this is done then; by default the process ends with `UNDEFINED_ERROR`. */
export function whenOutputIsLost(reaction: WithoutOutput): void {
  react = reaction;
}

/** Ends at once: what is not printed was for nothing. */
export function endWith(exitCode: number): WithoutOutput {
  return () => process.exit(exitCode);
}

/** Does the rest all the same. Ends with this code where all of that went well. */
export function goOn(exitCode: number): WithoutOutput {
  return () => {
    process.once('exit', () => {
      process.exitCode ||= exitCode;
    });
  };
}
