import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemCode } from './host-fault.ts';

/** Linux's O_PATH, which Node.js does not name: holds what is there without the right to read it, and without opening it. */
const O_PATH = 0o10000000;

/** Opens a folder to be held: what is opened in it by `pathIn` lies in that very folder, whatever becomes of its name. */
export const HOLD = O_PATH | constants.O_DIRECTORY;

/** The kernel's own name for what a descriptor holds, and for what is in it. It needs /proc. */
export function pathIn(descriptor: number, name?: string): string {
  return name === undefined ? `/proc/self/fd/${descriptor}` : `/proc/self/fd/${descriptor}/${name}`;
}

/** Whether it is neither root's nor this process's own: its owner can change it at any time. */
export function isOthers({ uid }: Pick<Stats, 'uid'>): boolean {
  return uid !== 0 && uid !== process.geteuid?.();
}

/**
 * Hears of each folder, and each link, on a way: by its path, and what it is. What it throws ends
 * the walk.
 */
export type JudgeOnWay = (path: string, status: Stats) => void;

/** The way to a folder is not to be used, or has no end: the message says why. */
export class WayFault extends Error {
  override readonly name = 'WayFault';
}

/** As the kernel has it. */
const MOST_LINKS = 40;

/** What to look at next: the root folder, or a name in the folder that was found last. */
type Look = { readonly name: string; readonly path: string } | 'root';
/** What is there: a folder, or a link with its target. */
interface Found {
  readonly status: Stats;
  readonly target?: string;
}

/** All may make something in it, and rename what is their own. */
const SHARED = 0o1002;

/**
 * Decides where a walk goes. `path` is absolute; the walk ends in the folder found last, whose own
 * path it returns. A link in a shared folder is not followed: as a link cannot be held, somebody
 * could have one of root's there while it is looked at, and one of his own while it is read.
 */
function* wayTo(path: string, judge: JudgeOnWay): Generator<Look, string, Found> {
  const names = path.split('/');
  let at = '/';
  let links = 0;
  let { status: folder } = yield 'root';
  judge(at, folder);
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    if (name === '' || name === '.') continue;
    const next = join(at, name);
    const { status, target } = yield { name, path: next };
    judge(next, status);
    if (target === undefined) {
      at = next;
      folder = status;
      continue;
    }
    links += 1;
    checkLink({ path, at: next, links, folder });
    names.unshift(...target.split('/'));
    if (!target.startsWith('/')) continue;
    at = '/';
    ({ status: folder } = yield 'root');
    judge(at, folder);
  }
  return at;
}

/** Throws a WayFault where the link at `at`, which lies in `folder`, is not to be followed. */
function checkLink({ path, at, links, folder }: { path: string; at: string; links: number; folder: Stats }): void {
  if (links > MOST_LINKS) throw new WayFault(`${path} leads through more than ${MOST_LINKS} symbolic links`);
  if ((folder.mode & SHARED) === SHARED) throw new WayFault(`${at} is a symbolic link where everybody may write`);
}

/**
 * Goes to a folder, each one opened in the one that is held, and each judged before anything is
 * looked for in it; a link is followed once it is judged. Returns the descriptor, which the caller
 * closes.
 */
export function holdFolder(path: string, judge: JudgeOnWay): number {
  const way = wayTo(path, judge);
  let held = openSync('/', HOLD);
  try {
    let step = way.next();
    while (step.done !== true) {
      const found = lookAt(step.value, held);
      if ('target' in found) {
        step = way.next(found);
        continue;
      }
      closeSync(held);
      held = found.folder;
      step = way.next({ status: fstatSync(held) });
    }
    return held;
  } catch (error) {
    closeSync(held);
    throw error;
  }
}

function lookAt(look: Look, held: number): { readonly folder: number } | Required<Found> {
  if (look === 'root') return { folder: openSync('/', HOLD) };
  const file = pathIn(held, look.name);
  try {
    return { folder: openSync(file, HOLD | constants.O_NOFOLLOW) };
  } catch (error) {
    const status = lstatSync(file, { throwIfNoEntry: false });
    if (status?.isSymbolicLink() !== true) throw nameInError(error, file, look.path);
    return { status, target: readlinkSync(file) };
  }
}

/**
 * Does the same without holding up the process where the file system does not answer. Its path is
 * that without links.
 */
export async function holdFolderAsync(
  path: string,
  judge: JudgeOnWay,
): Promise<{ readonly folder: FileHandle; readonly path: string }> {
  const way = wayTo(path, judge);
  let held = await open('/', HOLD);
  try {
    let step = way.next();
    while (step.done !== true) {
      const found = await lookAtAsync(step.value, held);
      if ('target' in found) {
        step = way.next(found);
        continue;
      }
      await held.close();
      held = found.folder;
      step = way.next({ status: await held.stat() });
    }
    return { folder: held, path: step.value };
  } catch (error) {
    await held.close();
    throw error;
  }
}

/**
 * Follows the path of a file likewise, through links to files as well, and judges the file, too; it
 * is not opened. Rejects where there is none.
 */
export async function followFile(path: string, judge: JudgeOnWay): Promise<void> {
  let file = path;
  for (let links = 1; ; links += 1) {
    const { folder, path: above } = await holdFolderAsync(dirname(file), judge);
    try {
      const inside = pathIn(folder.fd, basename(file));
      const at = join(above, basename(file));
      const status = await lstat(inside);
      judge(at, status);
      if (!status.isSymbolicLink()) return;
      checkLink({ path, at, links, folder: await folder.stat() });
      const target = await readlink(inside);
      file = target.startsWith('/') ? target : `${above}/${target}`;
    } finally {
      await folder.close();
    }
  }
}

async function lookAtAsync(look: Look, held: FileHandle): Promise<{ readonly folder: FileHandle } | Required<Found>> {
  if (look === 'root') return { folder: await open('/', HOLD) };
  const file = pathIn(held.fd, look.name);
  try {
    return { folder: await open(file, HOLD | constants.O_NOFOLLOW) };
  } catch (error) {
    const status = await lstat(file).catch(() => undefined);
    if (status?.isSymbolicLink() !== true) throw nameInError(error, file, look.path);
    return { status, target: await readlink(file) };
  }
}

/** An error of the system with the name that a person knows. */
export function nameInError(error: unknown, file: string, path: string): unknown {
  if (!(error instanceof Error)) return error;
  const code = systemCode(error);
  return Object.assign(new Error(error.message.replaceAll(file, path), { cause: error }), code && { code });
}
