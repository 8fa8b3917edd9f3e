import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText } from '../domain/error-text.ts';
import { systemCode } from '../host/host-fault.ts';
import { OutputFault, writeOutput } from '../host/output-file.ts';
import type { LdifFile } from './account-ldif.ts';

/** A file was not written. The message says why, and what to do about it. */
export class CannotWriteLdif extends Error {
  override readonly name = 'CannotWriteLdif';
}

/**
 * Writes the files into an existing folder and returns their paths. If one of them exists already,
 * none is written, unless `force` is set: then it is overwritten. Rejects with `CannotWriteLdif`.
 */
export async function writeLdifFiles(
  folder: string,
  files: readonly LdifFile[],
  options: { readonly force: boolean },
): Promise<readonly string[]> {
  const found = await lookAt(folder);
  if (found === 'missing') {
    throw new CannotWriteLdif(
      `the folder ${folder} does not exist: create it (mkdir -p ${folder}) or name another (--out DIR)`,
    );
  }
  if (found === 'other') throw new CannotWriteLdif(`${folder} is not a folder: name another (--out DIR)`);
  const paths = files.map(({ name }) => join(folder, name));
  if (!options.force) await refuseToOverwrite(paths);
  for (const [index, path] of paths.entries()) {
    try {
      writeOutput(path, files[index]?.text ?? '', {
        how: options.force ? 'overwrite' : 'new',
        mode: 0o666,
        judged: false,
      });
    } catch (error) {
      if (error instanceof OutputFault) throw new CannotWriteLdif(`${path}: ${error.message}: move it away`);
      throw new CannotWriteLdif(`${errorText(error)}: check the rights and the space of ${folder}`, { cause: error });
    }
  }
  return paths;
}

async function refuseToOverwrite(paths: readonly string[]): Promise<void> {
  const there: string[] = [];
  for (const path of paths) if ((await lookAt(path)) !== 'missing') there.push(path);
  if (there.length > 0)
    throw new CannotWriteLdif(`these files exist already: ${there.join(', ')}; overwrite them with --force`);
}

async function lookAt(path: string): Promise<'folder' | 'other' | 'missing'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'other';
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 'missing';
    throw new CannotWriteLdif(`${errorText(error)}: check the rights`, { cause: error });
  }
}
