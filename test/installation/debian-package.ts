import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from '../support/children.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Makes the Debian package in a folder; resolves to its path. */
export async function makePackage(folder: string): Promise<string> {
  await execute(process.execPath, [join(ROOT, 'packaging/package.mjs'), folder]);
  const [name = ''] = readdirSync(folder).filter((file) => file.endsWith('.deb'));
  return join(folder, name);
}

/** The same package as another version of it; resolves to its path. */
export async function asVersion(deb: string, version: string): Promise<string> {
  const work = mkdtempSync(join(tmpdir(), 'repacked-'));
  try {
    await execute('dpkg-deb', ['--raw-extract', deb, work]);
    edit(join(work, 'DEBIAN/control'), /^Version: .*$/m, `Version: ${version}`);
    const manifest = 'usr/share/prov-backup-rsnapshot/package.json';
    edit(join(work, manifest), /"version": "[^"]*"/, `"version": "${version}"`);
    const path = deb.replace(/_[^_]*_all/, `_${version}_all`);
    await execute('dpkg-deb', ['--root-owner-group', '--build', work, path]);
    return path;
  } finally {
    rmSync(work, { recursive: true });
  }
}

function edit(path: string, what: RegExp, by: string): void {
  writeFileSync(path, readFileSync(path, 'utf8').replace(what, by));
}

/** A package `nodejs` of another version, with that program. */
export async function nodejsPackage(node: string, folder: string): Promise<string> {
  const version = (await execute(node, ['--version'])).stdout.trim().slice(1);
  const architecture = (await execute('dpkg', ['--print-architecture'])).stdout.trim();
  const work = mkdtempSync(join(tmpdir(), 'nodejs-'));
  try {
    for (const path of ['DEBIAN', 'usr/bin']) mkdirSync(join(work, path), { recursive: true });
    await execute('install', ['-m', '755', node, join(work, 'usr/bin/node')]);
    const control = [
      'Package: nodejs',
      `Version: ${version}-0test`,
      `Architecture: ${architecture}`,
      'Maintainer: tests <tests@prov-backup-rsnapshot.example>',
      'Depends: libc6, libstdc++6',
      'Description: Node.js for a test',
      '',
    ];
    writeFileSync(join(work, 'DEBIAN/control'), control.join('\n'));
    const path = join(folder, `nodejs_${version}.deb`);
    await execute('dpkg-deb', ['--root-owner-group', '-Znone', '--build', work, path]);
    return path;
  } finally {
    rmSync(work, { recursive: true });
  }
}
