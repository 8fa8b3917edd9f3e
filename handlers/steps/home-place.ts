import type { Stats } from 'node:fs';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, opendir } from 'node:fs/promises';
import { comparablePath, isBelow, namesOf } from '../../src/domain/home-path.ts';
import { HOLD, isOthers, pathIn } from '../../src/host/held-folder.ts';
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
 * Judges a home by the rule of OpenSSH's ChrootDirectory: `homeRoot` and every folder from there down to the home belongs to
 * root or to the service's own user, can be written to by nobody else, and is no symbolic link. As only root can change what
 * passes, it stays so while it is used. A home that is there belongs to `uidNumber`; one that an interrupted script has just
 * made is empty and root's.
 */
export function judgeHome(home: string, homeRoot: string, uidNumber: string | undefined): Promise<Place> {
  return walk(home, homeRoot, async (folder, status) => {
    if (uidNumber !== undefined && `${status.uid}` === uidNumber) return THERE;
    if (faultOf(status) === undefined && (await isEmpty(folder))) return THERE;
    const meant = uidNumber === undefined ? 'the entry has no uidNumber' : `the uidNumber of the entry is ${uidNumber}`;
    return unsafe(`home ${home} belongs to the user number ${status.uid}, and ${meant}: make them agree`);
  });
}

/** Judges a folder that is to be root's, by the same rule, from `root` down to the folder itself. */
export function judgeFolder(path: string, root: string): Promise<Place> {
  return walk(path, root, async (_, status) => judged(path, status) ?? THERE);
}

const THERE: Place = { kind: 'there' };

/** The last folder of the way, held open, and what it is. */
type JudgeLast = (folder: FileHandle, status: Stats) => Promise<Place>;

/** Goes from folder to folder, each one opened in the one that is held: no name is looked up twice. */
async function walk(path: string, root: string, judgeLast: JudgeLast): Promise<Place> {
  let at = comparablePath(root);
  let held: FileHandle | undefined;
  try {
    held = await open(at, HOLD);
    let status = await held.stat();
    const names = isBelow(path, at) ? namesOf(path.slice(at.length)) : [];
    for (const name of names) {
      const fault = judged(at, status);
      if (fault !== undefined) return fault;
      at = at === '/' ? `/${name}` : `${at}/${name}`;
      const next = await hold(held, name, at);
      if (next instanceof Error) throw next;
      if ('kind' in next) return next;
      await held.close();
      held = next;
      status = await held.stat();
    }
    return await judgeLast(held, status);
  } catch (error) {
    passShortage(error);
    const what = at === comparablePath(root) ? 'mount it, or correct it' : 'check the rights and the file system';
    return { kind: 'unknown', reason: `${at} cannot be looked at (${codeOf(error)}): ${what}` };
  } finally {
    await held?.close();
  }
}

/** The folder of this name in the one that is held, or what is there instead, or why that cannot be said. */
async function hold(folder: FileHandle, name: string, path: string): Promise<FileHandle | Place | Error> {
  const inFolder = pathIn(folder.fd);
  const opened = await open(pathIn(folder.fd, name), HOLD | constants.O_NOFOLLOW).catch(asError);
  if (!(opened instanceof Error)) return opened;
  const code = codeOf(opened);
  if (code === 'ENOENT') {
    // Without /proc nothing is found at all.
    const seen = await lstat(inFolder).catch(asError);
    return seen instanceof Error ? seen : { kind: 'missing' };
  }
  if (code !== 'ENOTDIR' && code !== 'ELOOP') return opened;
  const status = await lstat(pathIn(folder.fd, name)).catch(asError);
  if (status instanceof Error) return status;
  if (status.isSymbolicLink()) return unsafe(`${path} is a symbolic link: remove the link`);
  return { kind: 'blocked', reason: `${path} is a file where a folder must be: move it away` };
}

function judged(path: string, status: Stats): Place | undefined {
  const fault = faultOf(status);
  return fault === undefined ? undefined : unsafe(`${path} ${fault}`);
}

/** Why others than root and the service can change what is in a folder. The mask of an ACL shows in the group's bits. */
export function faultOf(status: Stats): string | undefined {
  if (isOthers(status)) {
    return `belongs to the user number ${status.uid}: let it be root's, as all folders above a home`;
  }
  if ((status.mode & 0o022) === 0) return undefined;
  const mode = (status.mode & 0o7777).toString(8).padStart(4, '0');
  return `can be written to by others than its owner (mode ${mode}): take that right from them`;
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

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function unsafe(reason: string): Place {
  return { kind: 'unsafe', reason };
}
