import type { CheckLine } from '../../src/domain/check-line.ts';
import { holdFolderAsync, WayFault } from '../../src/host/held-folder.ts';
import { codeOf, faultOf, faultOnWay } from './home-place.ts';

const WHAT = 'home check';

/**
 * What homes need of the folder that they are in: that nobody but root can swap it, a folder or a
 * link on the way to it, or what is in it.
 */
export async function inspectHomeRoot(homeRoot: string): Promise<readonly CheckLine[]> {
  const faults = await faultsOfHomeRoot(homeRoot);
  if (faults.length === 0) return [{ verdict: 'ok', what: WHAT, found: `${homeRoot} is there, and root's alone` }];
  return faults.map((fault) => ({ verdict: 'fail', what: WHAT, ...fault }));
}

type Fault = Required<Pick<CheckLine, 'found' | 'remedy'>>;

async function faultsOfHomeRoot(homeRoot: string): Promise<readonly Fault[]> {
  const remedy = 'mount it, or correct script.homeRoot';
  const faults = new Map<string, Fault>();
  const note = (path: string, fault: string | undefined, own: string): void => {
    if (fault !== undefined) faults.set(path, { found: `${path} ${fault}`, remedy: own });
  };
  try {
    const { folder, path } = await holdFolderAsync(homeRoot, (at, status) =>
      note(at, faultOnWay(status), status.isSymbolicLink() ? `chown -h root ${at}` : ownAlone(at)),
    );
    const status = await folder.stat().finally(() => folder.close());
    note(path, faultOf(status), ownAlone(path));
    return [...faults.values()];
  } catch (error) {
    if (error instanceof WayFault) return [{ found: error.message, remedy }];
    const code = codeOf(error);
    const fault = code === 'ENOENT' || code === 'ENOTDIR' ? 'is no folder' : `cannot be looked at (${code})`;
    return [...faults.values(), { found: `${homeRoot} ${fault}`, remedy }];
  }
}

function ownAlone(path: string): string {
  return `chown root ${path}; chmod go-w ${path}`;
}
