import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const FOLDERS = ['src', 'streams', 'handlers', 'config'];

/** A source file of the product with its imports. Paths are relative to the project, with `/`. */
export interface SourceFile {
  readonly path: string;
  /** The number of lines. */
  readonly lines: number;
  /** The text without comments. */
  readonly code: string;
  readonly files: readonly string[];
  /** The imported npm packages, without subpaths. */
  readonly packages: readonly string[];
  /** The imported modules of Node.js. */
  readonly builtins: readonly string[];
}

const IMPORT =
  /^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;

export function sourceFiles(): readonly SourceFile[] {
  return FOLDERS.filter((folder) => existsSync(join(ROOT, folder)))
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    )
    .filter((path) => /\.tsx?$/.test(path))
    .sort()
    .map(readSource);
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[\s;{}(])\/\/.*$/gm, '$1');
  const specifiers = [...code.matchAll(IMPORT)].map(([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? '');
  const outside = specifiers.filter((specifier) => !specifier.startsWith('.'));
  return {
    path,
    lines: text.split('\n').length - 1,
    code,
    files: specifiers
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => relative(ROOT, resolve(ROOT, dirname(path), specifier))),
    packages: outside
      .filter((name) => !name.startsWith('node:'))
      .map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name),
    builtins: outside.filter((name) => name.startsWith('node:')),
  };
}
