import { readFileSync } from 'node:fs';

/**
 * The version in package.json, which is one folder above the sources and two above the built files.
 */
export function programVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const { version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version?: unknown };
      if (typeof version === 'string') return version;
    } catch {
      // Try the other path.
    }
  }
  return 'unknown';
}
