import { stat } from 'node:fs/promises';
import type { Found } from '../domain/check-line.ts';

/**
 * Reports a missing folder. This is only advice, because a systemd unit creates its folders at its
 * first start.
 */
export function missingFolder(folder: string, directive: string): Found {
  const remedy = `a systemd unit creates it at its start if ${directive} names it; otherwise create it`;
  return { verdict: 'advice', found: `${folder} does not exist yet`, remedy };
}

export function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
