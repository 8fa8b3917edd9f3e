import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Makes something in a folder and returns its path. */
export type MakeFile = (folder: string) => string;

/**
 * What may be at a path instead of a file: the title of the test, how to create it, and the text of
 * the error.
 */
export const HOSTILE_FILES: ReadonlyArray<readonly [title: string, make: MakeFile, named: RegExp]> = [
  ['a named pipe without a writer', (folder) => pipe(join(folder, 'pipe')), /a named pipe/],
  ['a link to one', (folder) => link(pipe(join(folder, 'pipe')), folder), /a named pipe/],
  ['a socket', (folder) => socket(join(folder, 'socket')), /a socket|ENXIO/],
  ['a folder', (folder) => madeFolder(join(folder, 'folder')), /a folder|EISDIR/],
  ['/dev/zero', () => '/dev/zero', /a device/],
  ['a link to it', (folder) => link('/dev/zero', folder), /a device/],
  ['a link to itself', (folder) => link(join(folder, 'link'), folder), /ELOOP/],
  ['1.2 GB without a line', (folder) => sparse(join(folder, 'sparse'), 1_200_000_000), /more than [\d.]+ [KM]iB/],
];

function pipe(path: string): string {
  execFileSync('mkfifo', [path]);
  return path;
}

function link(target: string, folder: string): string {
  const path = join(folder, 'link');
  symlinkSync(target, path);
  return path;
}

/** A unix socket without a listener. */
export function socket(path: string): string {
  execFileSync('python3', ['-c', 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])', path]);
  return path;
}

function madeFolder(path: string): string {
  mkdirSync(path);
  return path;
}

/** A sparse file with this number of zero bytes. */
export function sparse(path: string, bytes: number): string {
  writeFileSync(path, '');
  truncateSync(path, bytes);
  return path;
}
