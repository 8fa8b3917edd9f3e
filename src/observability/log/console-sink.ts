import { createProcessOutput, type ProcessStream } from '../process-output.ts';
import type { LogLine } from './log-line.ts';
import { lostLines } from './lost-lines.ts';
import type { OnProblem, Sink } from './sink.ts';

/**
 * Writes lines to a stream of the process: all lines of one turn of the event loop in one write. A
 * reader that closed the pipe, or stopped reading, does not stop the service.
 */
export function createConsoleSink(
  stream: ProcessStream,
  render: (line: LogLine) => string,
  onProblem: OnProblem,
): Sink {
  let lastTime = '';
  const output = createProcessOutput(stream, {
    lossNote: (lines) => `${render(lostLines(lines, lastTime))}\n`,
    failed: (reason) => onProblem(`standard output cannot be written (${reason}); check its free space`),
  });
  let pending: string[] = [];
  let scheduled: NodeJS.Immediate | undefined;
  const flush = (): void => {
    clearImmediate(scheduled);
    scheduled = undefined;
    const texts = pending;
    pending = [];
    if (texts.length > 0) output.write(...texts);
  };
  return {
    write: (line) => {
      lastTime = line.time;
      pending.push(`${render(line)}\n`);
      scheduled ??= setImmediate(flush);
    },
    close: async () => {
      flush();
      await output.close();
    },
  };
}
