import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CheckLine } from '../../src/domain/check-line.ts';
import { codeOf, faultOf } from './home-place.ts';

const WHAT = 'home check';
/** The bit of a folder's mode by which only its owner can rename what is in it. */
const STICKY = 0o1000;

/**
 * What homes need of the folder that they are in: that nobody but root can swap it, or what is in
 * it.
 */
export async function inspectHomeRoot(homeRoot: string): Promise<readonly CheckLine[]> {
  const faults = await faultsOfHomeRoot(homeRoot);
  if (faults.length === 0) return [{ verdict: 'ok', what: WHAT, found: `${homeRoot} is there, and root's alone` }];
  return faults.map((fault) => ({ verdict: 'fail', what: WHAT, ...fault }));
}

type Fault = Required<Pick<CheckLine, 'found' | 'remedy'>>;

async function faultsOfHomeRoot(homeRoot: string): Promise<readonly Fault[]> {
  const remedy = 'mount it, or correct script.homeRoot';
  try {
    const real = await realpath(homeRoot);
    const status = await stat(real);
    if (!status.isDirectory()) return [{ found: `${homeRoot} is no folder`, remedy }];
    const faults = [faultOf(status)].map((fault) => ({ path: real, fault }));
    for (let path = real; path !== '/'; ) {
      path = dirname(path);
      const above = await stat(path);
      // In a sticky folder nobody can swap what is not his own.
      if ((above.mode & STICKY) === 0) faults.push({ path, fault: faultOf(above) });
    }
    return faults.flatMap(({ path, fault }) =>
      fault === undefined ? [] : [{ found: `${path} ${fault}`, remedy: `chown root ${path}; chmod go-w ${path}` }],
    );
  } catch (error) {
    const code = codeOf(error);
    const fault = code === 'ENOENT' ? 'is no folder' : `cannot be looked at (${code})`;
    return [{ found: `${homeRoot} ${fault}`, remedy }];
  }
}
