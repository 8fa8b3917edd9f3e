import { systemCode } from '../host/host-fault.ts';
import { InputFault, openInput } from '../host/input-file.ts';
import { parseLdif } from './parse-ldif.ts';
import type { LdifRecord } from './record.ts';

/** An LDIF input cannot be read. The message tells a person why. */
export class CannotReadLdif extends Error {
  override readonly name = 'CannotReadLdif';
}

/** An LDIF input. Its records can be read once. */
export interface LdifSource {
  readonly records: AsyncIterable<LdifRecord>;
  close(): Promise<void>;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'its permissions do not allow it',
};

/**
 * Opens a regular file, or a pipe that this process was started with. Rejects with
 * `CannotReadLdif`, also for any other pipe or device, without waiting for it.
 */
export async function openLdifFile(path: string): Promise<LdifSource> {
  const { bytes, close } = await openInput(path).catch((error: unknown) => {
    if (!(error instanceof InputFault)) throw error;
    throw new CannotReadLdif(reasonOf(error), { cause: error });
  });
  return { records: parseLdif(readable(bytes())), close };
}

/** Passes the bytes on. Throws a `CannotReadLdif` if they cannot be read. */
async function* readable(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* bytes;
  } catch (error) {
    throw new CannotReadLdif(systemCode(error) ?? String(error), { cause: error });
  }
}

function reasonOf({ code, given }: InputFault): string {
  if (code !== undefined) return REASONS[code] ?? code;
  return given === 'a folder' ? 'it is a folder' : 'it is not a regular file: pass its content on standard input (-)';
}

/** Reads LDIF from standard input or another stream. */
export function ldifOfStream(stream: AsyncIterable<Buffer>): LdifSource {
  return { records: parseLdif(readable(stream)), close: async () => {} };
}
