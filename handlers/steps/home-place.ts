import { lstat, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isBelow } from './home-path.ts';

/** Where a home really is, its symbolic links followed as far as it exists. */
export type HomePlace =
  | { readonly kind: 'below' }
  | { readonly kind: 'elsewhere'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

/**
 * Follows the links of a path that may not exist yet: the part that exists must lie below `homeRoot`, and none of it may
 * be a link that leads nowhere.
 */
export async function placeOf(home: string, homeRoot: string): Promise<HomePlace> {
  let root: string;
  try {
    root = await realpath(homeRoot);
  } catch (error) {
    return unknown(`script.homeRoot ${homeRoot} cannot be looked at (${codeOf(error)}): mount it, or correct it`);
  }
  for (let path = home; ; path = dirname(path)) {
    try {
      const real = await realpath(path);
      if (real === root ? path !== home : isBelow(real, root)) return { kind: 'below' };
      return elsewhere(`home ${home} is led to ${real} by a symbolic link, outside of ${homeRoot}: remove the link`);
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'ENOENT')
        return unknown(`home ${home} cannot be looked at (${code}): check the rights and the links`);
      if (await isThere(path)) return elsewhere(`${path} is a symbolic link that leads nowhere: remove the link`);
    }
  }
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** The system's code of a failed look at the file system. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function elsewhere(reason: string): HomePlace {
  return { kind: 'elsewhere', reason };
}

function unknown(reason: string): HomePlace {
  return { kind: 'unknown', reason };
}
