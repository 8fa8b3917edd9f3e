import { fencedBlocks } from '../support/fenced-blocks.ts';

/** The lines of the shell commands below a heading of the README, block by block. */
export function commandsBelow(heading: string): string[][] {
  return fencedBlocks('README.md', `### ${heading}`, 'sh').map((block) => block.trim().split('\n'));
}
