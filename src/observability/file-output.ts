import type { Output, OutputOptions } from './output.ts';
import { WholeLines } from './whole-lines.ts';

/**
 * Writes text to a file that the process was started with, synchronously. Node.js's own stream
 * writes only once to such a file, and takes a partial write for a complete one.
 */
export function createFileOutput(descriptor: number, { lossNote, failed }: OutputOptions): Output {
  const lines = new WholeLines({
    lossNote: (texts) => lossNote(texts, 'there was no room for them'),
    failed: failed ?? (() => {}),
  });
  let closed = false;
  return {
    write: (...texts) => {
      if (!closed) lines.write(descriptor, texts);
    },
    close: async () => {
      closed = true;
      return !lines.hasUnreportedLoss || lines.write(descriptor, []);
    },
  };
}
