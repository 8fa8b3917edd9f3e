import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from './children.ts';

const ROOT = join(import.meta.dirname, '../..');

/**
 * Makes the npm package in an empty folder, of the program as it is built; resolves to its path.
 */
export async function packTarball(folder: string): Promise<string> {
  // A build at the same time would replace the program that other tests run.
  const options = ['--ignore-scripts', '--loglevel=error', '--pack-destination', folder];
  await execute('npm', ['pack', ...options], { cwd: ROOT });
  const [name = ''] = readdirSync(folder);
  return join(folder, name);
}

/** Makes the tarball another version of the package. */
export async function setVersion(tarball: string, version: string): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'repacked-'));
  try {
    await execute('tar', ['-xzf', tarball, '-C', work]);
    const manifest = join(work, 'package/package.json');
    const text = readFileSync(manifest, 'utf8').replace(/"version": "[^"]*"/, `"version": "${version}"`);
    writeFileSync(manifest, text);
    await execute('tar', ['-czf', tarball, '-C', work, 'package']);
  } finally {
    rmSync(work, { recursive: true });
  }
}
