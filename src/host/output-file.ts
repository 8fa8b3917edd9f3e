import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { HOLD, holdFolder, isOthers, nameInError, pathIn, WayFault } from './held-folder.ts';
import { systemCode } from './host-fault.ts';
import { kindOf } from './input-file.ts';

/** The file must not be written. The message says what is wrong. */
export class OutputFault extends Error {
  override readonly name = 'OutputFault';
}

export interface OutputOptions {
  /**
   * `append`: the file is created if it is missing. `overwrite`: the same, but an existing file is
   * emptied. `new`: the file is created, and must not exist.
   */
  readonly how: 'append' | 'overwrite' | 'new';
  /** The permission bits of a file that is created. */
  readonly mode: number;
  /**
   * Whether the way to the file is judged when root writes it. False if a person has just named the
   * folder, as with `--out`. Default: true.
   */
  readonly judged?: boolean;
}

const FLAGS = {
  append: constants.O_APPEND | constants.O_CREAT,
  overwrite: constants.O_CREAT,
  new: constants.O_EXCL | constants.O_CREAT,
};
const SAFELY = constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

const OTHERS_WRITE = 0o002;
const GROUP_WRITES = 0o020;
const STICKY = 0o1000;

/**
 * Opens a file for writing, without blocking, and returns its descriptor. It must be a regular file
 * or a harmless device (/dev/null), and no symbolic link. Throws an OutputFault or a system error.
 *
 * Root writes the file only if no other user can have replaced it. Each folder on the way, and each
 * link to a folder, must belong to root. No folder on the way may be writable by everybody, except
 * a sticky one such as /tmp. A group with write access to a folder is trusted, because the owner of
 * the folder has granted that access.
 */
export function openOutput(path: string, { how, mode, judged = true }: OutputOptions): number {
  return inFolder(path, judged, (file, folder) => {
    let descriptor: number;
    try {
      descriptor = openSync(file, SAFELY | FLAGS[how], mode);
    } catch (error) {
      throw whatIsThere(file) ?? nameInError(error, file, path);
    }
    try {
      check(fstatSync(descriptor), folder);
      // Truncate the file only after its kind has been checked.
      if (how === 'overwrite') ftruncateSync(descriptor);
      return descriptor;
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  });
}

/** Opens a file and writes a text to it. Throws as `openOutput` does. */
export function writeOutput(path: string, text: string, options: OutputOptions): void {
  const descriptor = openOutput(path, options);
  try {
    writeFileSync(descriptor, text);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Creates a folder in an existing one, if it is missing. The owner can use the new folder, and the
 * group with this number can read it. An existing folder gets the same rights if it belongs to this
 * user and `isForOutput` confirms, by the names in it, that it has no other use. Throws as
 * `openOutput` does.
 */
export function makeOutputFolder(
  path: string,
  group: number | undefined,
  isForOutput: (names: readonly string[]) => boolean,
): void {
  const full = resolve(path);
  inFolder(full, true, (file) => {
    if (lstatSync(file, { throwIfNoEntry: false }) === undefined) mkdirSync(file, 0o700);
  });
  const folder = hold(full, true);
  try {
    const isOwn = fstatSync(folder).uid === process.geteuid?.();
    if (isOwn && isForOutput(readdirSync(pathIn(folder)))) setReaders(folder, group, 0o700, 0o050);
  } finally {
    closeSync(folder);
  }
}

/**
 * Lets the owner of an open file read and write it, lets the group with this number read it, and
 * takes all other rights away. Throws a system error if this user may not assign that group.
 */
export function setFileReaders(descriptor: number, group: number | undefined): void {
  setReaders(descriptor, group, 0o600, 0o040);
}

function setReaders(descriptor: number, group: number | undefined, owners: number, groups: number): void {
  const path = pathIn(descriptor);
  const { uid, gid, mode } = fstatSync(descriptor);
  const newMode = group === undefined ? owners : owners | groups;
  // Remove the group's rights first: the former group must not get those of the new group.
  if (group !== undefined && gid !== group) {
    chmodSync(path, owners);
    chownSync(path, uid, group);
    chmodSync(path, newMode);
  } else if ((mode & 0o777) !== newMode) chmodSync(path, newMode);
}

/**
 * Checks whether a file could be written, as far as this is possible without creating or opening
 * it. Throws as `openOutput` does.
 */
export function lookAtOutput(path: string): void {
  inFolder(path, true, (file, folder) => {
    const status = lstatSync(file, { throwIfNoEntry: false });
    if (status !== undefined) check(status, folder);
  });
}

/**
 * Judges the folder in which root is about to create a file. Throws as `openOutput` does. A missing
 * folder is no fault.
 */
export function judgeFolderOf(path: string): void {
  try {
    inFolder(path, true, () => {});
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

/** Holds the folder of the file while `work` uses the name of the file in it. */
function inFolder<T>(path: string, judged: boolean, work: (file: string, folder: Stats) => T): T {
  const full = resolve(path);
  const folder = hold(dirname(full), judged);
  try {
    return work(pathIn(folder, basename(full)), fstatSync(folder));
  } finally {
    closeSync(folder);
  }
}

function hold(folder: string, judged: boolean): number {
  return judged && process.geteuid?.() === 0 ? holdJudged(folder) : openSync(folder, HOLD);
}

function holdJudged(folder: string): number {
  try {
    return holdFolder(folder, judge);
  } catch (error) {
    throw error instanceof WayFault ? new OutputFault(error.message) : error;
  }
}

function judge(path: string, status: Stats): void {
  const isLink = status.isSymbolicLink();
  const what = isLink ? 'the symbolic link' : 'the folder';
  if (isOthers(status)) throw new OutputFault(`${what} ${path} belongs to the user number ${status.uid}`);
  if (!isLink && (status.mode & OTHERS_WRITE) !== 0 && (status.mode & STICKY) === 0)
    throw new OutputFault(`everybody can write to the folder ${path}`);
}

function check(status: Stats, folder: Stats): void {
  if (!status.isFile() && !isTakingDevice(status)) throw new OutputFault(`it is ${kindOf(status)}`);
  const sharing = folder.mode & (OTHERS_WRITE | GROUP_WRITES);
  if (sharing === 0) return;
  if ((sharing & OTHERS_WRITE) !== 0 && isOthers(status))
    throw new OutputFault(`it belongs to the user number ${status.uid}, in a folder that everybody can write to`);
  if (status.nlink > 1)
    throw new OutputFault('it has other names (hard links), and others than its owner can write to its folder');
}

/**
 * Minor numbers of the kernel's devices with the major number 1: /dev/null, /dev/zero, /dev/full
 * and /dev/kmsg. /dev/mem, the machine's memory, has that major number, too.
 */
const TAKING = [3, 5, 7, 11];

/** Whether the file is a device to which writing is harmless. */
function isTakingDevice(status: Stats): boolean {
  const { rdev } = status;
  return status.isCharacterDevice() && rdev >> 8 === 1 && TAKING.includes(rdev & 0xff);
}

/** The fault of a file that is not regular. undefined: the file is regular or missing. */
function whatIsThere(file: string): OutputFault | undefined {
  const status = lstatSync(file, { throwIfNoEntry: false });
  return status === undefined || status.isFile() ? undefined : new OutputFault(`it is ${kindOf(status)}`);
}
