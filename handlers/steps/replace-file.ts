import { constants } from 'node:fs';
import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemCode } from '../../src/host/host-fault.ts';

/** Throws if the attempt must not change anything any more. */
export type Permit = () => void;

export interface FileShape {
  readonly text: string;
  readonly mode: number;
  /** Numeric owner and group. -1 leaves them unchanged. */
  readonly owner: number;
  readonly group: number;
}

/**
 * Replaces a file with content, mode and owner in one rename. A reader sees the old file or the new
 * one, also after a power failure. `inspect` gets the new file under its temporary name. If it
 * throws, the temporary file is kept for the operator and `replaceFile` rejects. Each path has one
 * temporary name, so the next attempt removes what an earlier one has left. `permit` is called
 * right before each change: an abandoned step must not overwrite the result of a later attempt.
 */
export async function replaceFile(
  path: string,
  shape: FileShape,
  inspect: (temporary: string) => Promise<void>,
  permit: Permit,
): Promise<void> {
  permit();
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
  permit();
  await rename(temporary, path);
  await syncFolder(path);
}

/**
 * If the file has this text already, sets its mode and owner, removes the temporary file of an
 * earlier attempt, and resolves with true. Resolves with false if the text differs, or if the path
 * is no regular file.
 */
export async function adjustInPlace(path: string, shape: FileShape, permit: Permit): Promise<boolean> {
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
    permit();
    await setModeAndOwner(file, shape);
    await rm(temporaryName(path), { force: true });
    return true;
  });
}

/**
 * Removes a file and the temporary file of an earlier attempt. Succeeds if there is none.
 */
export async function removeFile(path: string, permit: Permit): Promise<void> {
  permit();
  await rm(temporaryName(path), { force: true });
  permit();
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
  return codes.includes(systemCode(error) ?? '');
}
