import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemCode } from './host-fault.ts';

/**
 * Linux's O_PATH, for which Node.js has no constant. It holds a file without opening it, and needs
 * no right to read the file.
 */
const O_PATH = 0o10000000;

/**
 * The flags that hold a folder. A file that is opened through `pathIn` is in the held folder, even
 * if another folder has its name by then.
 */
export const HOLD = O_PATH | constants.O_DIRECTORY;

/**
 * The kernel's path of the file that a descriptor holds, or of a name in that folder. It needs
 * /proc.
 */
export function pathIn(descriptor: number, name?: string): string {
  return name === undefined ? `/proc/self/fd/${descriptor}` : `/proc/self/fd/${descriptor}/${name}`;
}

/**
 * Whether the owner of a file is neither root nor the user of this process. Such an owner can
 * change the file at any time.
 */
export function isOthers({ uid }: Pick<Stats, 'uid'>): boolean {
  return uid !== 0 && uid !== process.geteuid?.();
}

/**
 * Called with the path and the status of each folder and each link on the way. If it throws, the
 * walk ends with that error.
 */
export type JudgeOnWay = (path: string, status: Stats) => void;

/** A path to a folder must not be used, or has too many links. The message says why. */
export class WayFault extends Error {
  override readonly name = 'WayFault';
}

/** The most symbolic links on one way, as in the kernel. */
const MOST_LINKS = 40;

/** What the walk reads next: the root folder, or a name in the folder that was reached last. */
type Look = { readonly name: string; readonly path: string } | 'root';
/** The result: a folder, or a link with its target. */
interface Found {
  readonly status: Stats;
  readonly target?: string;
}

/**
 * The mode bits of a folder in which everybody can create files, but can rename only their own
 * files (sticky, writable by others).
 */
const SHARED = 0o1002;

/**
 * Decides the route of a walk to the absolute path `path`. It yields what to read next, and
 * receives the result. Returns the path, without links, of the last folder. Throws a WayFault, and
 * what `judge` throws.
 *
 * A link in a shared folder is not followed, because a link cannot be held. Another user could put
 * a link of root's there while the link is judged, and one of their own when it is read.
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

/** Throws a WayFault if the link at `at`, which is in `folder`, must not be followed. */
function checkLink({ path, at, links, folder }: { path: string; at: string; links: number; folder: Stats }): void {
  if (links > MOST_LINKS) throw new WayFault(`${path} leads through more than ${MOST_LINKS} symbolic links`);
  if ((folder.mode & SHARED) === SHARED) throw new WayFault(`${at} is a symbolic link where everybody may write`);
}

/**
 * Walks to a folder. Each folder on the way is opened inside the held one, and is judged before a
 * name in it is looked up. A link is judged before it is followed. Returns the descriptor, which
 * the caller closes. Throws a WayFault, a system error, and what `judge` throws.
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
 * Does the same as `holdFolder`, without blocking the process while a file system does not answer.
 * The `path` of the result has no links.
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
 * Follows the path of a file as `holdFolderAsync` does, also through links to files, and judges the
 * file, too. The file is not opened. Rejects if it does not exist.
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

/** Returns the system error with `path`, which people know, in place of `file`. */
export function nameInError(error: unknown, file: string, path: string): unknown {
  if (!(error instanceof Error)) return error;
  const code = systemCode(error);
  return Object.assign(new Error(error.message.replaceAll(file, path), { cause: error }), code && { code });
}
