import type { DirectoryEntry } from './entry.ts';
import { shown, singleValue } from './entry-value.ts';

/**
 * The home of an account. A marker `/./` in homeDirectory separates the chroot from the path inside
 * it.
 */
export interface HomePath {
  /** The whole path, without `.`, doubled slashes and trailing slashes. */
  readonly home: string;
  /** The part before the marker; undefined without a marker. */
  readonly chroot: string | undefined;
}

/** The rules for the homes of a site. */
export interface HomeRules {
  /** The folder that every home is below. null: any folder except those of the system. */
  readonly homeRoot: string | null;
  /**
   * The path of an account's own folder below `homeRoot`: folder names, `*` for any name, and
   * `{uid}` as the last one. All own folders are equally deep, so none is inside another.
   */
  readonly homeLayout: string;
}

/** The layout in which the accounts' own folders are directly in `homeRoot`. */
export const FLAT_LAYOUT = '{uid}';

export type HomeReading =
  | { readonly kind: 'home'; readonly path: HomePath }
  | { readonly kind: 'faulty'; readonly reason: string };

/** PATH_MAX and NAME_MAX of Linux, without the NUL. */
const LONGEST_PATH_BYTES = 4_095;
const LONGEST_NAME_BYTES = 255;

/**
 * Folders of the system, with everything below them. Of `/var`, `/home` and the like only the
 * folder itself is excluded.
 */
const SYSTEM_TREES: ReadonlySet<string> = new Set(
  [
    ...['bin', 'boot', 'dev', 'etc', 'lib', 'lib32', 'lib64', 'libx32', 'lost+found', 'proc', 'root', 'run', 'sbin'],
    ...['sys', 'usr', 'var/cache', 'var/lock', 'var/log', 'var/mail', 'var/run', 'var/spool'],
  ].map((tree) => `/${tree}`),
);

/**
 * Reads homeDirectory and refuses what cannot be the home of the account `uid`: no value or
 * several; a path that is not absolute and clean; a system folder; and, if `homeRoot` is set, a
 * path that is not below it, or not in the account's own folder of the layout. The disk is not
 * read.
 */
export function readHomePath(entry: DirectoryEntry, uid: string, rules: HomeRules): HomeReading {
  const { homeRoot } = rules;
  const value = singleValue(entry, 'homeDirectory');
  if (value.kind === 'faulty') return value;
  if (value.kind === 'absent') return faulty('the entry has no homeDirectory: write one');
  const { text } = value;
  const home = comparablePath(text);
  const fault = faultOfText(text) ?? faultOfPlace(home, uid, rules);
  if (fault !== undefined) return faulty(`homeDirectory ${shown(text)} ${fault}`);
  const chroot = chrootOf(text);
  const root = homeRoot === null ? '/' : comparablePath(homeRoot);
  if (chroot !== undefined && chroot !== root && !isBelow(chroot, root)) {
    return faulty(`homeDirectory ${shown(text)} has its chroot above script.homeRoot (${homeRoot})`);
  }
  return { kind: 'home', path: { home, chroot } };
}

/** The part before the marker. A marker at the very beginning separates nothing. */
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
  // A UTF-16 unit has three bytes of UTF-8 at most.
  if (text.length * 3 <= LONGEST_NAME_BYTES) return undefined;
  const isTooLong = names.some((name) => Buffer.byteLength(name) > LONGEST_NAME_BYTES);
  if (isTooLong || Buffer.byteLength(text) > LONGEST_PATH_BYTES) return 'is longer than a path can be';
  return undefined;
}

function faultOfPlace(home: string, uid: string, rules: HomeRules): string | undefined {
  const { homeRoot, homeLayout } = rules;
  if (home === '/') return 'is the root folder';
  const root = homeRoot === null ? '/' : comparablePath(homeRoot);
  if (!isBelow(home, root)) return `is not below script.homeRoot (${homeRoot})`;
  if (isSystemFolder(home, root)) return 'is a folder of the system';
  if (homeRoot === null) return undefined;
  const names = namesBelow(home, root);
  const hidden = names.find((name) => name.startsWith('.'));
  if (hidden !== undefined) return `has a folder that begins with ".": ${shown(hidden)}`;
  if (matchesLayout(names, homeLayout, (name) => isSameUid(name, uid))) return undefined;
  const expected = `${root === '/' ? '' : root}/${homeLayout.replace('{uid}', uid)}`;
  return `is not the home of ${uid}: expected ${expected}, or below it, by script.homeLayout (${homeLayout})`;
}

/**
 * Whether the home of any account may be at this path below `homeRoot`, inside it or above it. A
 * tool may not create files of its own in such a place.
 */
export function isForHomes(path: string, { homeRoot, homeLayout }: HomeRules): boolean {
  const names = namesBelow(path, comparablePath(homeRoot ?? '/'));
  return names.every((name) => !name.startsWith('.')) && matchesLayout(names, homeLayout, () => true, 'orAbove');
}

/**
 * Whether names below the root lead into an own folder of the layout or, with `orAbove`, towards
 * one.
 */
function matchesLayout(
  names: readonly string[],
  layout: string,
  isUid: (name: string) => boolean,
  how?: 'orAbove',
): boolean {
  return namesOf(layout).every((expected, index) => {
    const name = names[index];
    if (name === undefined) return how === 'orAbove';
    return expected === '{uid}' ? isUid(name) : expected === '*' || expected === name;
  });
}

/**
 * LDAP compares uids without case; file systems distinguish case. Only ASCII letters are compared
 * without case, because other characters such as the Kelvin sign also have a k as their lower case.
 */
function isSameUid(name: string, uid: string): boolean {
  const lower = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return lower(name) === lower(uid);
}

function namesBelow(path: string, root: string): string[] {
  return namesOf(root === '/' ? path : path.slice(root.length));
}

/** A system tree does not count if `homeRoot` itself is inside it. */
function isSystemFolder(home: string, root: string): boolean {
  const [first = '', second, third] = namesOf(home);
  if (second === undefined || (first === 'var' && third === undefined)) return true;
  const trees = [`/${first}`, `/${first}/${second}`].filter((tree) => SYSTEM_TREES.has(tree));
  return trees.some((tree) => isBelow(home, tree) && !isBelow(`${root}/`, tree));
}

/**
 * Whether a path is below a folder, and not the folder itself. Both are in `comparablePath` form.
 */
export function isBelow(path: string, folder: string): boolean {
  return folder === '/' ? path !== '/' : path.startsWith(`${folder}/`);
}

/** An empty name, or `.`, in an absolute path. */
const NEEDS_CHANGE = /\/\.?(?:\/|$)/;

/** The form in which two spellings of a path are equal. For paths without `..`. */
export function comparablePath(path: string): string {
  if (path.startsWith('/') && !NEEDS_CHANGE.test(path)) return path;
  return `${path.startsWith('/') ? '/' : ''}${namesOf(path).join('/')}`;
}

/** The names of a path in order, without empty ones and `.`. */
export function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

function faulty(reason: string): HomeReading {
  return { kind: 'faulty', reason };
}
