import { fstatSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { createBoundedOutput } from './bounded-output.ts';
import { createFileOutput } from './file-output.ts';
import type { Output, OutputOptions } from './output.ts';

/** Standard output or standard error; whatever takes text will do in their place. */
export type ProcessStream = Writable & { readonly isTTY?: boolean; readonly fd?: number };

/** Text to a stream of the process: to the file that it was redirected to, or to whoever reads it. */
export function createProcessOutput(stream: ProcessStream, options: OutputOptions): Output {
  const { fd } = stream;
  return fd !== undefined && stream.isTTY !== true && isFile(fd)
    ? createFileOutput(fd, options)
    : createBoundedOutput(stream, options);
}

/** A device such as /dev/null takes what it is given as a file does. */
function isFile(descriptor: number): boolean {
  const found = fstatSync(descriptor);
  return found.isFile() || found.isCharacterDevice();
}
