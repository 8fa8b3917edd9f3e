import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { pathIn } from '../../host/held-folder.ts';
import { openOutput } from '../../host/output-file.ts';
import { WholeLines } from '../whole-lines.ts';
import type { LogLine } from './log-line.ts';
import { lostLines } from './lost-lines.ts';
import type { OnProblem, Sink } from './sink.ts';

export interface FileSink extends Sink {
  /** Opens the path again, after logrotate has renamed the file. */
  reopen(): void;
}

/**
 * Appends lines to a file: all lines of one turn of the event loop in one write, so that a later
 * crash loses nothing. Each cause of a failure is reported once. Lines that cannot be written are
 * counted, and the number is written when the file works again, or at the end.
 */
export function createFileSink(path: string, render: (line: LogLine) => string, onProblem: OnProblem): FileSink {
  let descriptor: number | undefined;
  let pending: string[] = [];
  let scheduled: NodeJS.Immediate | undefined;
  let lastTime = '';
  const lines = new WholeLines({
    lossNote: (lost) => `${render(lostLines(lost, lastTime))}\n`,
    failed: (reason) => {
      const remedy = 'see to its folder, permissions and room, or correct log.file';
      onProblem(`the log file ${path} cannot be written (${reason}); ${remedy}`);
    },
  });

  const open = (): void => {
    descriptor = openOutput(path, { how: 'append', mode: 0o640 });
    lines.continueIn({ withinLine: endsWithinLine(descriptor) });
  };

  const letGo = (): void => {
    if (descriptor !== undefined) closeSync(descriptor);
    descriptor = undefined;
  };

  const flush = (): void => {
    if (scheduled !== undefined) clearImmediate(scheduled);
    scheduled = undefined;
    const texts = pending;
    pending = [];
    if (texts.length === 0 && !lines.hasUnreportedLoss) return;
    try {
      if (descriptor === undefined) open();
    } catch (error) {
      lines.countLost(texts, error);
    }
    // Open the path again for the next lines: it may be a file that can be written by then.
    if (descriptor !== undefined && !lines.write(descriptor, texts)) letGo();
  };

  const openAhead = (): void => {
    try {
      open();
    } catch (error) {
      lines.countLost([], error);
    }
  };

  openAhead();
  return {
    write: (line) => {
      lastTime = line.time;
      pending.push(`${render(line)}\n`);
      scheduled ??= setImmediate(flush);
    },
    reopen: () => {
      flush();
      letGo();
      openAhead();
    },
    close: async () => {
      flush();
      letGo();
    },
  };
}

/**
 * Whether the last line of the file has no end, as its writer was interrupted or found the disk
 * full.
 */
function endsWithinLine(descriptor: number): boolean {
  const found = fstatSync(descriptor);
  if (!found.isFile() || found.size === 0) return false;
  const last = Buffer.alloc(1);
  try {
    const reading = openSync(pathIn(descriptor), 'r');
    readSync(reading, last, 0, 1, found.size - 1);
    closeSync(reading);
  } catch {
    return false; // it may be writable but not readable
  }
  return last.toString() !== '\n';
}
