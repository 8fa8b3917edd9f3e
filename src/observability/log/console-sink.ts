import type { Writable } from 'node:stream';
import { createBoundedOutput } from '../bounded-output.ts';
import type { LogLine } from './log-line.ts';
import type { Sink } from './sink.ts';

/** Lines to a stream of the process. A reader that went away (a closed pipe) or stands still is no reason to stop the service. */
export function createConsoleSink(stream: Writable, render: (line: LogLine) => string): Sink {
  let lastTime = '';
  const output = createBoundedOutput(stream, {
    leftOut: (lines) =>
      `${render({ time: lastTime, level: 'warn', message: 'lines of the log were lost', fields: { lines } })}\n`,
  });
  return {
    write: (line) => {
      lastTime = line.time;
      output.write(`${render(line)}\n`);
    },
    close: async () => {
      await output.close();
    },
  };
}
