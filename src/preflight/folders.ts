import { stat } from 'node:fs/promises';
import type { Found } from '../domain/check-line.ts';

/** A missing folder is only advice, as a systemd unit creates its folders at its first start. */
export function missingFolder(folder: string, directive: string): Found {
  const remedy = `the systemd unit makes its own at its start (${directive}); create any other`;
  return { verdict: 'advice', found: `${folder} does not exist yet`, remedy };
}

export function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
