import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { shown } from '../../src/domain/entry-value.ts';
import { comparablePath, type HomeRules, isBelow, isForHomes, namesOf } from '../../src/domain/home-path.ts';
import { codeOf, judgeFolder } from './home-place.ts';

export interface SnapshotRootOptions extends HomeRules {
  /** As configured, with its placeholders. */
  readonly snapshotRoot: string;
}

/**
 * Why root must not make snapshots at `path`, or undefined: every folder from the one that the site
 * has named (`homeRoot`, or what stands before the first placeholder of the setting) down to the
 * snapshots must be root's alone, and no account may be able to have its home there. Without a
 * `homeRoot` nothing is judged.
 */
export async function faultOfSnapshotRoot(
  path: string,
  home: string,
  options: SnapshotRootOptions,
): Promise<string | undefined> {
  const { snapshotRoot, homeRoot } = options;
  if (homeRoot === null) return undefined;
  const at = `rsnapshot.snapshotRoot ${shown(path)}`;
  if (!path.startsWith('/') || namesOf(path).includes('..')) return `${at} is no clean absolute path: correct it`;
  const place = comparablePath(path);
  if (place === home || isBelow(place, home)) return `${at} is in the home, which is its owner's: correct the setting`;
  const homes = comparablePath(homeRoot);
  const isAmongHomes = place === homes || isBelow(place, homes);
  if (isAmongHomes && isForHomes(place, options)) {
    return `${at} is where a home can be, too: name a folder in it that begins with ".", such as .snapshots`;
  }
  const root = isAmongHomes ? homeRoot : await namedFolder(snapshotRoot);
  if (root === undefined) return `${at} is not below script.homeRoot (${homeRoot}): correct homeDirectory`;
  const judged = await judgeFolder(place, root);
  return 'reason' in judged ? `${at}: ${judged.reason}` : undefined;
}

/** What is there of the folder that the setting names itself; rsnapshot makes the rest. Undefined where it names none. */
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
