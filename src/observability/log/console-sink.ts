import type { Writable } from 'node:stream';
import type { LogLine } from './log-line.ts';
import type { Sink } from './sink.ts';

/** Lines to a stream of the process. A reader that went away (a closed pipe) is no reason to stop the service. */
export function createConsoleSink(stream: Writable, render: (line: LogLine) => string): Sink {
  let usable = true;
  const onError = (): void => {
    usable = false;
  };
  stream.on('error', onError);
  return {
    write: (line) => {
      if (usable) stream.write(`${render(line)}\n`);
    },
    close: () =>
      new Promise((resolve) => {
        const done = (): void => {
          usable = false;
          stream.off('error', onError);
          resolve();
        };
        if (usable) stream.write('', done);
        else done();
      }),
  };
}
