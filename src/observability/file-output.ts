import type { Output, OutputOptions } from './output.ts';
import { WholeLines } from './whole-lines.ts';

/**
 * Text to a file that the process was started with, each at once: what Node.js writes there itself it writes once, and takes
 * for whole however much of it found room.
 */
export function createFileOutput(descriptor: number, { leftOut, failed }: OutputOptions): Output {
  const lines = new WholeLines({
    leftOut: (texts) => leftOut(texts, 'there was no room for them'),
    failed: failed ?? (() => {}),
  });
  let closed = false;
  return {
    write: (text) => {
      if (!closed) lines.write(descriptor, [text]);
    },
    close: async () => {
      closed = true;
      return !lines.owesNote || lines.write(descriptor, []);
    },
  };
}
