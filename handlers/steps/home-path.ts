import { posix } from 'node:path';
import type { DirectoryEntry } from '../../src/domain/entry.ts';
import { shown, singleValue } from './entry-value.ts';

/** Where an account's home is. A marker `/./` in homeDirectory separates the chroot from the path inside it. */
export interface HomePath {
  /** The whole path, normalised, without a trailing slash. */
  readonly home: string;
  /** The part before the marker; undefined where there is none. */
  readonly chroot: string | undefined;
}

export type HomeReading =
  | { readonly kind: 'home'; readonly path: HomePath }
  | { readonly kind: 'faulty'; readonly reason: string };

/**
 * Reads homeDirectory of an entry and refuses what cannot be a home: none or several, relative, with `..` or NUL, the
 * root folder, or outside of `homeRoot` where that is set. Nothing is looked at on disk.
 */
export function readHomePath(entry: DirectoryEntry, homeRoot: string | null): HomeReading {
  const value = singleValue(entry, 'homeDirectory');
  if (value.kind === 'faulty') return value;
  if (value.kind === 'absent') return faulty('the entry has no homeDirectory: write one');
  const { text } = value;
  const named = `homeDirectory ${shown(text)}`;
  if (!text.startsWith('/')) return faulty(`${named} is not an absolute path`);
  if (/\p{Cc}/u.test(text)) return faulty(`${named} holds control characters`);
  if (text.split('/').includes('..')) return faulty(`${named} holds '..'`);
  const home = withoutTrailingSlash(posix.normalize(text));
  if (home === '/') return faulty(`${named} is the root folder`);
  if (homeRoot !== null && !isBelow(home, withoutTrailingSlash(posix.normalize(homeRoot)))) {
    return faulty(`${named} is not below script.homeRoot (${homeRoot})`);
  }
  const marker = text.indexOf('/./');
  const chroot = marker > 0 ? withoutTrailingSlash(posix.normalize(text.slice(0, marker))) : undefined;
  return { kind: 'home', path: { home, chroot } };
}

/** Whether a normalised absolute path lies below a folder (not: is that folder). */
export function isBelow(path: string, folder: string): boolean {
  return folder === '/' ? path !== '/' : path.startsWith(`${folder}/`);
}

/** A path in the form in which two spellings of one place compare equal. */
export function comparablePath(path: string): string {
  return withoutTrailingSlash(posix.normalize(path));
}

function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function faulty(reason: string): HomeReading {
  return { kind: 'faulty', reason };
}
