import { readFileSync } from 'node:fs';

/** The version of package.json, which stands one folder above the sources and two above what is built of them. */
export function programVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const { version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version?: unknown };
      if (typeof version === 'string') return version;
    } catch {
      // It stands in the other place.
    }
  }
  return 'unknown';
}
