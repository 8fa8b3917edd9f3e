import { readFileSync } from 'node:fs';

/**
 * The version in package.json. That file is two folders above this file, and also two folders above
 * the built one.
 */
export function programVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
