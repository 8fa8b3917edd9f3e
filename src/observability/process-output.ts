import { fstatSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { createBoundedOutput } from './bounded-output.ts';
import { createFileOutput } from './file-output.ts';
import type { Output, OutputOptions } from './output.ts';

/** Standard output or standard error, or any Writable in its place. */
export type ProcessStream = Writable & { readonly isTTY?: boolean; readonly fd?: number };

/**
 * Creates the output for a stream of the process, according to what the stream is: a file, or a
 * pipe, socket or terminal.
 */
export function createProcessOutput(stream: ProcessStream, options: OutputOptions): Output {
  const { fd } = stream;
  return fd !== undefined && stream.isTTY !== true && isFile(fd)
    ? createFileOutput(fd, options)
    : createBoundedOutput(stream, options);
}

/** A character device such as /dev/null accepts writes as a file does. */
function isFile(descriptor: number): boolean {
  const found = fstatSync(descriptor);
  return found.isFile() || found.isCharacterDevice();
}
