import type { Stats } from 'node:fs';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, opendir } from 'node:fs/promises';
import { comparablePath, isBelow, namesOf } from '../../src/domain/home-path.ts';
import { HOLD, holdFolderAsync, isOthers, pathIn, WayFault } from '../../src/host/held-folder.ts';
import { passShortage } from '../../src/host/shortage.ts';

/** What there is at a path, and on the way to it. */
export type Place =
  | { readonly kind: 'there' }
  | { readonly kind: 'missing' }
  /** A file stands where a folder must be. */
  | { readonly kind: 'blocked'; readonly reason: string }
  /** It is, or may become, somebody else's, or lies elsewhere. */
  | { readonly kind: 'unsafe'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

/**
 * Judges a home by the rule of OpenSSH's ChrootDirectory. `homeRoot` and every folder from there
 * down to the home belongs to root or to the service's own user, can be written to by nobody else,
 * and is no symbolic link. Above `homeRoot` a link may be root's, and a folder may be sticky, as
 * `/tmp` is. As only root can change what passes, it stays so while it is used. A home that is
 * there belongs to `uidNumber`; one that an interrupted script has just made is empty and root's.
 */
export function judgeHome(home: string, homeRoot: string, uidNumber: string | undefined): Promise<Place> {
  return walk(home, homeRoot, async (folder, status) => {
    if (uidNumber !== undefined && `${status.uid}` === uidNumber) return THERE;
    if (faultOf(status) === undefined && (await isEmpty(folder))) return THERE;
    const meant = uidNumber === undefined ? 'the entry has no uidNumber' : `the uidNumber of the entry is ${uidNumber}`;
    const remedy = isOthers(status)
      ? 'make them agree'
      : `give it to its owner; where it is a chroot, which is root's, write a home in it (homeDirectory ${home}/./FOLDER)`;
    return unsafe(`home ${home} belongs to the user number ${status.uid}, and ${meant}: ${remedy}`);
  });
}

/** Judges a folder that is to be root's, by the same rule, from `root` down to that folder. */
export function judgeFolder(path: string, root: string): Promise<Place> {
  return walk(path, root, async (_, status) => judged(path, status) ?? THERE);
}

const THERE: Place = { kind: 'there' };
/** The bit of a folder's mode by which only its owner can rename what is in it. */
const STICKY = 0o1000;

/** The last folder of the way, held open, and what it is. */
type JudgeLast = (folder: FileHandle, status: Stats) => Promise<Place>;

/** Goes from `root` down to `path`, and judges each folder before it goes into the next one. */
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
 * A way downwards, of which one folder is held open at a time. Each folder is opened in the one
 * that is held, so no name is looked up twice.
 *
 * at the top (`from`) -> one folder further (`enter`), or before an obstacle -> ended (`end`)
 */
class Way {
  /** The path looked at last: of the folder that is held, or of what could not be entered. */
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

  /** Enters the folder of this name, or returns what is there instead. Throws as `hold` does. */
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
 * The folder of this name in the one that is held, or what is there instead. Throws where that
 * cannot be said.
 */
async function hold(folder: FileHandle, name: string, path: string): Promise<FileHandle | Place> {
  const inside = pathIn(folder.fd, name);
  try {
    return await open(inside, HOLD | constants.O_NOFOLLOW);
  } catch (error) {
    switch (codeOf(error)) {
      case 'ENOENT':
        // Without /proc nothing is found at all.
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
  return { kind: 'blocked', reason: `${path} is a file where a folder must be: move it away` };
}

function judged(path: string, status: Stats): Place | undefined {
  const fault = faultOf(status);
  return fault === undefined ? undefined : unsafe(`${path} ${fault}`);
}

/** What a folder, or a link to one, is judged by. */
export type Judged = Pick<Stats, 'uid' | 'mode' | 'isSymbolicLink'>;

/**
 * Why others than root and the service can change what is in a folder. The mask of an ACL shows in
 * the group's bits.
 */
export function faultOf(status: Judged): string | undefined {
  if (isOthers(status)) {
    return `belongs to the user number ${status.uid}: let it be root's`;
  }
  if ((status.mode & 0o022) === 0) return undefined;
  const mode = (status.mode & 0o7777).toString(8).padStart(4, '0');
  return `can be written to by others than its owner (mode ${mode}): take that right from them`;
}

/**
 * Why others can swap what is next on the way to the folder of the homes. In a sticky folder nobody
 * but its owner can swap what is not his own.
 */
export function faultOnWay(status: Judged): string | undefined {
  if (status.isSymbolicLink()) {
    return isOthers(status) ? `is a symbolic link of the user number ${status.uid}: let it be root's` : undefined;
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

/** The system's code of a failed look at the file system. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function unsafe(reason: string): Place {
  return { kind: 'unsafe', reason };
}
