import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');

/** The lines of the shell commands below a heading of the README, block by block. */
export function commandsBelow(heading: string): string[][] {
  const [, section] = new RegExp(`^### ${heading}\n([\\s\\S]*?)^##`, 'm').exec(README) ?? [];
  if (section === undefined) throw new Error(`the README has no heading ${heading}`);
  return [...section.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block = '']) => block.trim().split('\n'));
}
