import type { DirectoryEntry } from './entry.ts';
import { shown, singleValue } from './entry-value.ts';

/** Where an account's home is. A marker `/./` in homeDirectory separates the chroot from the path inside it. */
export interface HomePath {
  /** The whole path in one spelling: without `.`, doubled and trailing slashes. */
  readonly home: string;
  /** The part before the marker; undefined where there is none. */
  readonly chroot: string | undefined;
}

export type HomeReading =
  | { readonly kind: 'home'; readonly path: HomePath }
  | { readonly kind: 'faulty'; readonly reason: string };

/** PATH_MAX and NAME_MAX of Linux, less the NUL. */
const LONGEST_PATH_BYTES = 4_095;
const LONGEST_NAME_BYTES = 255;

/** What belongs to the system, with all that is in it. Of `/var`, `/home` and the like only the folder itself does. */
const SYSTEM_TREES: readonly string[] = [
  ...['bin', 'boot', 'dev', 'etc', 'lib', 'lib32', 'lib64', 'libx32', 'lost+found', 'proc', 'root', 'run', 'sbin'],
  ...['sys', 'usr', 'var/cache', 'var/lock', 'var/log', 'var/mail', 'var/run', 'var/spool'],
].map((tree) => `/${tree}`);

/**
 * Reads homeDirectory of an entry and refuses what cannot be the home of the account `uid`: none or several; what is no clean
 * absolute path; a system folder; where `homeRoot` is set, what is not below it, and a path from there on of which the uid is
 * no part, as that is somebody else's. Nothing is looked at on disk.
 */
export function readHomePath(entry: DirectoryEntry, uid: string, homeRoot: string | null): HomeReading {
  const value = singleValue(entry, 'homeDirectory');
  if (value.kind === 'faulty') return value;
  if (value.kind === 'absent') return faulty('the entry has no homeDirectory: write one');
  const { text } = value;
  const named = `homeDirectory ${shown(text)}`;
  const fault = faultOfText(text) ?? faultOfPlace(comparablePath(text), uid, homeRoot);
  if (fault !== undefined) return faulty(`${named} ${fault}`);
  const chroot = chrootOf(text);
  const root = homeRoot === null ? '/' : comparablePath(homeRoot);
  if (chroot !== undefined && chroot !== root && !isBelow(chroot, root)) {
    return faulty(`${named} has its chroot above script.homeRoot (${homeRoot})`);
  }
  return { kind: 'home', path: { home: comparablePath(text), chroot } };
}

/** The part before the marker; one at the very beginning separates nothing. */
function chrootOf(text: string): string | undefined {
  const marker = text.indexOf('/./');
  const chroot = marker > 0 ? comparablePath(text.slice(0, marker)) : '/';
  return chroot === '/' ? undefined : chroot;
}

function faultOfText(text: string): string | undefined {
  if (!text.startsWith('/')) return 'is not an absolute path';
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text)) return 'holds control characters';
  const names = text.split('/');
  if (names.includes('..')) return "holds '..'";
  const isTooLong = names.some((name) => Buffer.byteLength(name) > LONGEST_NAME_BYTES);
  if (isTooLong || Buffer.byteLength(text) > LONGEST_PATH_BYTES) return 'is longer than a path can be';
  return undefined;
}

function faultOfPlace(home: string, uid: string, homeRoot: string | null): string | undefined {
  if (home === '/') return 'is the root folder';
  const root = homeRoot === null ? '/' : comparablePath(homeRoot);
  if (!isBelow(home, root)) return `is not below script.homeRoot (${homeRoot})`;
  if (isSystemFolder(home, root)) return 'is a folder of the system';
  if (homeRoot === null) return undefined;
  // LDAP compares a uid without regard to case.
  const isOwn = namesOf(home.slice(root.length)).some((name) => name.toLowerCase() === uid.toLowerCase());
  return isOwn ? undefined : `is not the home of ${uid}: no folder of it has that name`;
}

/** A tree of the system counts as one unless the site itself has put its homes there. */
function isSystemFolder(home: string, root: string): boolean {
  const [first = '', second, third] = namesOf(home);
  if (second === undefined || (first === 'var' && third === undefined)) return true;
  return SYSTEM_TREES.some((tree) => isBelow(home, tree) && !isBelow(`${root}/`, tree));
}

/** Whether a path lies below a folder (not: is that folder), both in the spelling of `comparablePath`. */
export function isBelow(path: string, folder: string): boolean {
  return folder === '/' ? path !== '/' : path.startsWith(`${folder}/`);
}

/** A path in the form in which two spellings of one place compare equal; for paths without `..`. */
export function comparablePath(path: string): string {
  return `${path.startsWith('/') ? '/' : ''}${namesOf(path).join('/')}`;
}

/** The names of a path in order, without those that lead nowhere. */
export function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

function faulty(reason: string): HomeReading {
  return { kind: 'faulty', reason };
}
