import { readFile } from 'node:fs/promises';
import type { ReadPageFile } from './page.ts';

/**
 * Reads a built file of the live page. The file is next to the program. If the program runs from
 * its sources, the file is in dist/.
 */
export const readPageFile: ReadPageFile = async (name) => {
  try {
    return await readFile(new URL(`./page/${name}`, import.meta.url));
  } catch {
    return await readFile(new URL(`../../dist/src/page/${name}`, import.meta.url));
  }
};
