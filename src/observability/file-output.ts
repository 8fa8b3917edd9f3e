import type { Output, OutputOptions } from './output.ts';
import { WholeLines } from './whole-lines.ts';

/**
 * Writes text synchronously to a file that is a standard stream of the process. The stream of
 * Node.js itself calls write once, and treats a partial write as a complete one.
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
