import type { Stats } from 'node:fs';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, opendir } from 'node:fs/promises';
import { comparablePath, isBelow, namesOf } from '../../src/domain/home-path.ts';
import { HOLD, holdFolderAsync, isOthers, pathIn, WayFault } from '../../src/host/held-folder.ts';
import { systemCode } from '../../src/host/host-fault.ts';
import { passShortage } from '../../src/host/shortage.ts';

/** What was found at a path and on the way to it. */
export type Place =
  | { readonly kind: 'there' }
  | { readonly kind: 'missing' }
  /** There is a file where a folder is needed. */
  | { readonly kind: 'blocked'; readonly reason: string }
  /**
   * A folder belongs to another user, or another user could replace it, or a link leads elsewhere.
   */
  | { readonly kind: 'unsafe'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

/**
 * Judges a home by the rule of OpenSSH's ChrootDirectory. `homeRoot` and every folder from there
 * down to the home must belong to root or to the service's own user, must be writable by no other
 * user, and must not be symbolic links. Above `homeRoot` a link that belongs to root is allowed,
 * and so is a sticky folder, such as `/tmp`. Only root can change folders that pass, so the result
 * stays valid while the home is used. A home that exists must belong to `uidNumber`, or be empty
 * and belong to root: then an interrupted script has just created it.
 */
export function judgeHome(home: string, homeRoot: string, uidNumber: string | undefined): Promise<Place> {
  return walk(home, homeRoot, async (folder, status) => {
    if (uidNumber !== undefined && `${status.uid}` === uidNumber) return THERE;
    if (faultOf(status) === undefined && (await isEmpty(folder))) return THERE;
    const meant = uidNumber === undefined ? 'the entry has no uidNumber' : `the uidNumber of the entry is ${uidNumber}`;
    const remedy = isOthers(status)
      ? 'make the two agree'
      : `give it to that user; if it is a chroot that belongs to root, write a home inside it (homeDirectory ${home}/./FOLDER)`;
    return unsafe(`home ${home} belongs to the user number ${status.uid}, and ${meant}: ${remedy}`);
  });
}

/** Judges a folder that must belong to root, by the same rule, from `root` down to that folder. */
export function judgeFolder(path: string, root: string): Promise<Place> {
  return walk(path, root, async (_, status) => judged(path, status) ?? THERE);
}

const THERE: Place = { kind: 'there' };
/** The mode bit of a folder in which users can rename only their own files. */
const STICKY = 0o1000;

/** Judges the last folder of the way, which is held open. */
type JudgeLast = (folder: FileHandle, status: Stats) => Promise<Place>;

/** Walks from `root` down to `path`, and judges each folder before it enters the next one. */
async function walk(path: string, root: string, judgeLast: JudgeLast): Promise<Place> {
  const top = comparablePath(root);
  const names = isBelow(path, top) ? namesOf(path.slice(top.length)) : [];
  let way: Way | undefined;
  try {
    way = await Way.from(top);
    for (const name of names) {
      const obstacle = judged(way.at, await way.folder.stat()) ?? (await way.enter(name));
      if (obstacle !== undefined) return obstacle;
    }
    return await judgeLast(way.folder, await way.folder.stat());
  } catch (error) {
    if (error instanceof WayFault) return unsafe(error.message);
    passShortage(error);
    const at = way?.at ?? top;
    const what = at === top ? 'mount it, or correct it' : 'check the rights and the file system';
    return { kind: 'unknown', reason: `${at} cannot be looked at (${codeOf(error)}): ${what}` };
  } finally {
    await way?.end();
  }
}

/**
 * A walk downwards that holds one folder open at a time. Each folder is opened inside the held one,
 * so no name is looked up twice.
 *
 *   at the top (`from`) -> one folder further (`enter`), or at an obstacle -> ended (`end`)
 */
class Way {
  /** The path that was looked at last: that of the held folder, or of what could not be entered. */
  at: string;
  folder: FileHandle;

  private constructor(at: string, folder: FileHandle) {
    this.at = at;
    this.folder = folder;
  }

  static async from(top: string): Promise<Way> {
    const { folder } = await holdFolderAsync(top, (path, status) => {
      const fault = faultOnWay(status);
      if (fault !== undefined) throw new WayFault(`${path} ${fault}`);
    });
    return new Way(top, folder);
  }

  /** Enters the folder `name`, or returns what is there instead. Throws as `hold` does. */
  async enter(name: string): Promise<Place | undefined> {
    const above = this.folder;
    this.at = this.at === '/' ? `/${name}` : `${this.at}/${name}`;
    const next = await hold(above, name, this.at);
    if ('kind' in next) return next;
    this.folder = next;
    await above.close();
    return undefined;
  }

  async end(): Promise<void> {
    await this.folder.close();
  }
}

/**
 * Opens the folder `name` in the held one, or returns what is there instead. Throws a system error
 * if that cannot be determined.
 */
async function hold(folder: FileHandle, name: string, path: string): Promise<FileHandle | Place> {
  const inside = pathIn(folder.fd, name);
  try {
    return await open(inside, HOLD | constants.O_NOFOLLOW);
  } catch (error) {
    switch (codeOf(error)) {
      case 'ENOENT':
        // Throws if /proc is missing: without it nothing is found.
        await lstat(pathIn(folder.fd));
        return { kind: 'missing' };
      case 'ENOTDIR':
      case 'ELOOP':
        return notFolder(path, await lstat(inside));
      default:
        throw error;
    }
  }
}

function notFolder(path: string, status: Stats): Place {
  if (status.isSymbolicLink()) return unsafe(`${path} is a symbolic link: remove the link`);
  return { kind: 'blocked', reason: `${path} is a file where a folder is needed: move it away` };
}

function judged(path: string, status: Stats): Place | undefined {
  const fault = faultOf(status);
  return fault === undefined ? undefined : unsafe(`${path} ${fault}`);
}

/** The properties by which a folder, or a link to one, is judged. */
export type Judged = Pick<Stats, 'uid' | 'mode' | 'isSymbolicLink'>;

/**
 * Returns the reason why others than root and the service can change what is in a folder; undefined
 * if they cannot. The group bits show the mask of an ACL.
 */
export function faultOf(status: Judged): string | undefined {
  if (isOthers(status)) {
    return `belongs to the user number ${status.uid}: give it to root`;
  }
  if ((status.mode & 0o022) === 0) return undefined;
  const mode = (status.mode & 0o7777).toString(8).padStart(4, '0');
  return `can be written to by others than its owner (mode ${mode}): remove that permission`;
}

/**
 * Returns the reason why others can replace the next folder on the way to the folder of the homes;
 * undefined if they cannot. In a sticky folder users can replace only their own files, but the
 * owner of the folder can replace all of them.
 */
export function faultOnWay(status: Judged): string | undefined {
  if (status.isSymbolicLink()) {
    return isOthers(status) ? `is a symbolic link of the user number ${status.uid}: give it to root` : undefined;
  }
  return (status.mode & STICKY) === 0 || isOthers(status) ? faultOf(status) : undefined;
}

async function isEmpty(folder: FileHandle): Promise<boolean> {
  const list = await opendir(pathIn(folder.fd));
  try {
    return (await list.read()) === null;
  } finally {
    await list.close();
  }
}

/** The system's code of a failed access to the file system. */
export function codeOf(error: unknown): string {
  return systemCode(error) ?? String(error);
}

function unsafe(reason: string): Place {
  return { kind: 'unsafe', reason };
}
