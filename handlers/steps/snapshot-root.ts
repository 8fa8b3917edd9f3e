import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { shown } from '../../src/domain/entry-value.ts';
import { comparablePath, type HomeRules, isBelow, isForHomes, namesOf } from '../../src/domain/home-path.ts';
import { codeOf, judgeFolder } from './home-place.ts';

export interface SnapshotRootOptions extends HomeRules {
  /** The setting, with its placeholders. */
  readonly snapshotRoot: string;
}

/**
 * Returns the reason why root must not make snapshots at `path`; undefined if there is none. `home`
 * is the path of the account's home. Every folder from the one that the site has named (`homeRoot`,
 * or the part of the setting before the first placeholder) down to the snapshots must be writable
 * by root alone, and no account may be able to have its home there. Without a `homeRoot` nothing is
 * judged.
 */
export async function faultOfSnapshotRoot(
  path: string,
  home: string,
  options: SnapshotRootOptions,
): Promise<string | undefined> {
  const { snapshotRoot, homeRoot } = options;
  if (homeRoot === null) return undefined;
  const at = `rsnapshot.snapshotRoot ${shown(path)}`;
  if (!path.startsWith('/') || namesOf(path).includes('..'))
    return `${at} is not an absolute path without '..': correct it`;
  const named = comparablePath(path);
  const root = isIn(named, comparablePath(homeRoot)) ? homeRoot : await namedFolder(snapshotRoot);
  if (root === undefined) return `${at} is not below script.homeRoot (${homeRoot}): correct homeDirectory`;
  // The site's own links may lead from one place to the other.
  const homes = await realPlace(comparablePath(homeRoot));
  const place = await realPlace(named);
  if (isIn(place, homes + home.slice(comparablePath(homeRoot).length))) {
    return `${at} is in the home, which its owner can change: correct the setting`;
  }
  if (isIn(place, homes) && isForHomes(place, { ...options, homeRoot: homes })) {
    return `${at} is a place where a home can be: name a folder that begins with ".", such as .snapshots`;
  }
  const judged = [await judgeFolder(named, root), ...(isIn(place, homes) ? [await judgeFolder(place, homes)] : [])];
  const fault = judged.find((each) => 'reason' in each);
  return fault === undefined ? undefined : `${at}: ${fault.reason}`;
}

function isIn(path: string, folder: string): boolean {
  return path === folder || isBelow(path, folder);
}

/**
 * Resolves the links of a path as far as it exists; the rest is kept as it is named. Whether others
 * can change those links is judged afterwards.
 */
async function realPlace(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (path === '/') throw error;
    // A path that cannot be read fails the judgement, too.
    return join(await realPlace(dirname(path)), basename(path));
  }
}

/**
 * Returns the folder that the setting names before its first placeholder, as far as it exists:
 * rsnapshot creates the rest. Undefined if it names none.
 */
async function namedFolder(snapshotRoot: string): Promise<string | undefined> {
  if (!snapshotRoot.startsWith('/')) return undefined;
  let named = comparablePath(snapshotRoot.replace(/[^/]*\{.*$/s, ''));
  while (named !== '/' && (await isMissing(named))) named = dirname(named);
  return named;
}

async function isMissing(path: string): Promise<boolean> {
  return stat(path).then(
    () => false,
    (error: unknown) => codeOf(error) === 'ENOENT',
  );
}
