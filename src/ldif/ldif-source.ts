import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { parseLdif } from './parse-ldif.ts';
import type { LdifRecord } from './record.ts';

/** Why a file cannot be read, for a person. */
export class CannotReadLdif extends Error {
  override readonly name = 'CannotReadLdif';
}

/** LDIF, a record at a time. */
export interface LdifSource {
  /** Whether `records` may be called again, and then begins anew. */
  readonly isFile: boolean;
  records(): AsyncIterable<LdifRecord>;
  close(): Promise<void>;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'its permissions do not allow it',
};

/** A larger piece is not read faster. */
const PIECE_BYTES = 256 * 1024;

/**
 * Opens a regular file. Rejects with `CannotReadLdif`; a pipe or a device does not keep it
 * waiting.
 */
export async function openLdifFile(path: string): Promise<LdifSource> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new CannotReadLdif(REASONS[code] ?? code, { cause: error });
  });
  const found = await handle.stat();
  if (found.isFile()) return { isFile: true, records: () => parseLdif(piecesOf(handle)), close: () => handle.close() };
  await handle.close();
  throw new CannotReadLdif(
    found.isDirectory() ? 'it is a folder' : 'it is no regular file: pass what it gives on standard input (-)',
  );
}

/** What comes on standard input, or another stream: it is there once. */
export function ldifOfStream(stream: AsyncIterable<Buffer>): LdifSource {
  return { isFile: false, records: () => parseLdif(stream), close: async () => {} };
}

async function* piecesOf(handle: FileHandle): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(PIECE_BYTES);
  for (let at = 0; ; ) {
    const { bytesRead } = await handle.read(buffer, 0, PIECE_BYTES, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
