import { constants, type Stats } from 'node:fs';

/** Linux's O_PATH, which Node.js does not name: holds what is there without the right to read it, and without opening it. */
const O_PATH = 0o10000000;

/** Opens a folder to be held: what is opened in it by `pathIn` lies in that very folder, whatever becomes of its name. */
export const HOLD = O_PATH | constants.O_DIRECTORY;

/** The kernel's own name for what a descriptor holds, and for what is in it. It needs /proc. */
export function pathIn(descriptor: number, name?: string): string {
  return name === undefined ? `/proc/self/fd/${descriptor}` : `/proc/self/fd/${descriptor}/${name}`;
}

/** Whether it is neither root's nor this process's own: its owner can change it at any time. */
export function isOthers({ uid }: Pick<Stats, 'uid'>): boolean {
  return uid !== 0 && uid !== process.geteuid?.();
}
