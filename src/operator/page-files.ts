import { readFile } from 'node:fs/promises';
import type { ReadPageFile } from './page.ts';

/**
 * Reads a built file of the live page, which is beside the program, or in dist/ beside its sources.
 */
export const readPageFile: ReadPageFile = async (name) => {
  try {
    return await readFile(new URL(`./page/${name}`, import.meta.url));
  } catch {
    return await readFile(new URL(`../../dist/src/page/${name}`, import.meta.url));
  }
};
