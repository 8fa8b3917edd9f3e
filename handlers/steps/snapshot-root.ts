import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { shown } from '../../src/domain/entry-value.ts';
import { comparablePath, isBelow, namesOf } from '../../src/domain/home-path.ts';
import { codeOf, judgeFolder } from './home-place.ts';

export interface SnapshotRootOptions {
  /** As configured, with its placeholders. */
  readonly snapshotRoot: string;
  /** Null: nothing is judged. */
  readonly homeRoot: string | null;
}

/**
 * Why root must not make snapshots at `path`, or undefined: every folder from the one that the site has named (`homeRoot`, or
 * what stands before the first placeholder of the setting) down to the snapshots must be root's alone.
 */
export async function faultOfSnapshotRoot(
  path: string,
  home: string,
  { snapshotRoot, homeRoot }: SnapshotRootOptions,
): Promise<string | undefined> {
  if (homeRoot === null) return undefined;
  const at = `rsnapshot.snapshotRoot ${shown(path)}`;
  if (!path.startsWith('/') || namesOf(path).includes('..')) return `${at} is no clean absolute path: correct it`;
  const place = comparablePath(path);
  if (place === home || isBelow(place, home)) return `${at} is in the home, which is its owner's: correct the setting`;
  const root = isBelow(place, comparablePath(homeRoot)) ? homeRoot : await namedFolder(snapshotRoot);
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
