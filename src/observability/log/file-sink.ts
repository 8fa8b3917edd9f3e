import { closeSync, openSync, writeSync } from 'node:fs';
import type { LogLine } from './log-line.ts';
import type { OnProblem, Sink } from './sink.ts';

export interface FileSink extends Sink {
  /** Opens the file anew, by its name: what logrotate moved away is let go. */
  reopen(): void;
}

/**
 * Lines to a file, appended, all that came up in one turn of the event loop with one write, so that a crash later on loses
 * nothing. A file that cannot be opened or written is told of once; the lines meanwhile are counted, and the count is
 * written when it works again.
 */
export function createFileSink(path: string, render: (line: LogLine) => string, onProblem: OnProblem): FileSink {
  let descriptor: number | undefined;
  let pending: string[] = [];
  let scheduled: NodeJS.Immediate | undefined;
  let lost = 0;
  let told = false;

  const failed = (error: unknown): void => {
    lost += pending.length;
    const reason = error instanceof Error ? error.message : error;
    const remedy = 'see to its folder, permissions and room, or correct log.file';
    if (!told) onProblem(`the log file ${path} cannot be written (${reason}); ${remedy}`);
    told = true;
  };

  const open = (): void => {
    try {
      descriptor ??= openSync(path, 'a', 0o640);
    } catch (error) {
      failed(error);
    }
  };

  const flush = (): void => {
    if (scheduled !== undefined) clearImmediate(scheduled);
    scheduled = undefined;
    if (pending.length === 0) return;
    try {
      descriptor ??= openSync(path, 'a', 0o640);
      const note = lost === 0 ? '' : `${lost} lines of the log could not be written here\n`;
      writeAll(descriptor, Buffer.from(`${note}${pending.join('\n')}\n`));
      lost = 0;
      told = false;
    } catch (error) {
      failed(error);
    }
    pending = [];
  };

  const letGo = (): void => {
    if (descriptor !== undefined) closeSync(descriptor);
    descriptor = undefined;
  };

  open();
  return {
    write: (line) => {
      pending.push(render(line));
      scheduled ??= setImmediate(flush);
    },
    reopen: () => {
      flush();
      letGo();
      open();
    },
    close: async () => {
      flush();
      letGo();
    },
  };
}

function writeAll(descriptor: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
}
