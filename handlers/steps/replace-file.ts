import { constants } from 'node:fs';
import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export interface FileShape {
  readonly text: string;
  readonly mode: number;
  /** Numeric owner and group; -1 leaves them as they come. */
  readonly owner: number;
  readonly group: number;
}

/**
 * Gives a file its content, mode and owner at once: a reader sees the old file or the new one, also
 * after a loss of power. `inspect` may look at the new file under its temporary name and refuse it
 * by throwing: it then stays there for inspection. The temporary name belongs to the file, so that
 * what an earlier attempt left is overwritten by the next one. Once the signal is aborted the file
 * stays as it is: whoever was waited for in vain must not overwrite what came later.
 */
export async function replaceFile(
  path: string,
  shape: FileShape,
  inspect: (temporary: string) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const temporary = temporaryName(path);
  await rm(temporary, { force: true });
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  try {
    await usingFile(await open(temporary, flags, 0o600), async (file) => {
      await file.writeFile(shape.text, 'utf8');
      await setModeAndOwner(file, shape);
      await file.sync();
    });
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await inspect(temporary);
  signal.throwIfAborted();
  await rename(temporary, path);
  await syncFolder(path);
}

/**
 * Whether the file has this very content already. Mode and owner are put right in that case without a rewrite, and what an
 * earlier attempt left is removed. False where there is no file, or something that is not a regular file.
 */
export async function adjustInPlace(path: string, shape: FileShape, signal: AbortSignal): Promise<boolean> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ELOOP', 'ENXIO')) return false;
    throw error;
  }
  return usingFile(file, async () => {
    const status = await file.stat();
    if (!status.isFile() || status.size !== Buffer.byteLength(shape.text)) return false;
    if ((await readFile(file, 'utf8')) !== shape.text) return false;
    signal.throwIfAborted();
    await setModeAndOwner(file, shape);
    await rm(temporaryName(path), { force: true });
    return true;
  });
}

/**
 * Removes a file and what an earlier attempt left of it; content where there is none. Once the
 * signal is aborted it stays.
 */
export async function removeFile(path: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await rm(temporaryName(path), { force: true });
  signal.throwIfAborted();
  await rm(path, { force: true });
  await syncFolder(path).catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT')) throw error;
  });
}

function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.tmp`);
}

async function setModeAndOwner(file: FileHandle, { mode, owner, group }: FileShape): Promise<void> {
  const now = await file.stat();
  const differs = (wanted: number, is: number): boolean => wanted !== -1 && wanted !== is;
  if (differs(owner, now.uid) || differs(group, now.gid)) {
    await file.chown(owner === -1 ? now.uid : owner, group === -1 ? now.gid : group);
  }
  if ((now.mode & 0o7777) !== mode) await file.chmod(mode);
}

async function syncFolder(path: string): Promise<void> {
  await usingFile(await open(dirname(path), constants.O_RDONLY), (folder) => folder.sync());
}

async function usingFile<T>(file: FileHandle, use: (file: FileHandle) => Promise<T>): Promise<T> {
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
