import { systemCode } from '../host/host-fault.ts';
import { InputFault, openInput } from '../host/input-file.ts';
import { parseLdif } from './parse-ldif.ts';
import type { LdifRecord } from './record.ts';

/** Why a file cannot be read, for a person. */
export class CannotReadLdif extends Error {
  override readonly name = 'CannotReadLdif';
}

/** LDIF, a record at a time, once. */
export interface LdifSource {
  readonly records: AsyncIterable<LdifRecord>;
  close(): Promise<void>;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'its permissions do not allow it',
};

/**
 * Opens a regular file, or a pipe that this process was started with. Rejects with `CannotReadLdif`;
 * any other pipe or device does not keep it waiting.
 */
export async function openLdifFile(path: string): Promise<LdifSource> {
  const { bytes, close } = await openInput(path).catch((error: unknown) => {
    if (!(error instanceof InputFault)) throw error;
    throw new CannotReadLdif(reasonOf(error), { cause: error });
  });
  return { records: parseLdif(readable(bytes())), close };
}

/** The same, with what cannot be read after all told as such. */
async function* readable(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* bytes;
  } catch (error) {
    throw new CannotReadLdif(systemCode(error) ?? String(error), { cause: error });
  }
}

function reasonOf({ code, given }: InputFault): string {
  if (code !== undefined) return REASONS[code] ?? code;
  return given === 'a folder' ? 'it is a folder' : 'it is no regular file: pass what it gives on standard input (-)';
}

/** What comes on standard input, or another stream. */
export function ldifOfStream(stream: AsyncIterable<Buffer>): LdifSource {
  return { records: parseLdif(readable(stream)), close: async () => {} };
}
