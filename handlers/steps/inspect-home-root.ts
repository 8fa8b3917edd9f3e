import type { Stats } from 'node:fs';
import type { CheckLine } from '../../src/domain/check-line.ts';
import { holdFolderAsync, WayFault } from '../../src/host/held-folder.ts';
import { codeOf, faultOf, faultOnWay, type Judged } from './home-place.ts';

const WHAT = 'home check';

/**
 * Checks the folder of the homes. Only root may be able to replace it, to replace a folder or a
 * link on the way to it, or to change its content.
 */
export async function inspectHomeRoot(homeRoot: string): Promise<readonly CheckLine[]> {
  const faults = await faultsOfFolder(homeRoot, 'mount it, or correct script.homeRoot');
  if (faults.length === 0)
    return [{ verdict: 'ok', what: WHAT, found: `${homeRoot} exists, and only root can change it` }];
  return faults.map((fault) => ({ verdict: 'fail', what: WHAT, ...fault }));
}

type Fault = Required<Pick<CheckLine, 'found' | 'remedy'>>;

/**
 * Returns the reasons why others than root, the service and the user `owner` could replace a
 * folder, or change what is in it. `remedy` is for a folder that does not exist.
 */
export async function faultsOfFolder(folder: string, remedy: string, owner?: number): Promise<readonly Fault[]> {
  const faults = new Map<string, Fault>();
  const note = (path: string, fault: string | undefined, own: string): void => {
    if (fault !== undefined) faults.set(path, { found: `${path} ${fault}`, remedy: own });
  };
  const judged = (status: Stats): Judged => (status.uid === owner ? asRoots(status) : status);
  try {
    const held = await holdFolderAsync(folder, (at, status) =>
      note(at, faultOnWay(judged(status)), status.isSymbolicLink() ? `chown -h root ${at}` : ownAlone(at)),
    );
    const status = await held.folder.stat().finally(() => held.folder.close());
    note(held.path, faultOf(judged(status)), ownAlone(held.path));
    return [...faults.values()];
  } catch (error) {
    if (error instanceof WayFault) return [{ found: error.message, remedy }];
    const code = codeOf(error);
    const fault = code === 'ENOENT' || code === 'ENOTDIR' ? 'is not a folder' : `cannot be looked at (${code})`;
    return [...faults.values(), { found: `${folder} ${fault}`, remedy }];
  }
}

function asRoots(status: Stats): Judged {
  return { uid: 0, mode: status.mode, isSymbolicLink: () => status.isSymbolicLink() };
}

function ownAlone(path: string): string {
  return `chown root ${path}; chmod go-w ${path}`;
}
