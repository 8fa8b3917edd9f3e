import { readdir, readFile, readlink, stat } from 'node:fs/promises';

/** One process, as `/proc/PID/stat` describes it (proc(5)). */
export interface ProcessLine {
  readonly pid: number;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /**
   * The start time, in clock ticks since boot. With the pid it identifies one process within a
   * boot.
   */
  readonly startedAt: string;
}

/**
 * The queries to the system about processes. Only the kernel's own data is read. The environment
 * and the command line of a process are in its own memory, where it can block a reader for ever.
 */
export interface ProcessTable {
  /** One process; undefined if it is gone. */
  read(pid: number): Promise<ProcessLine | undefined>;
  /** The pids of all processes; empty if there is no /proc. */
  list(): Promise<number[]>;
  /** Whether a process has this file (same device and inode) open at a descriptor. */
  hasOpen(pid: number, descriptor: number, file: string): Promise<boolean>;
  /** The user that a process runs as; undefined if it is gone. */
  userOf(pid: number): Promise<number | undefined>;
}

/** The most processes that are read at the same time. Each read has a file open. */
const AT_ONCE = 16;

export const systemTable: ProcessTable = {
  read: readProcess,
  async list() {
    const names = await readdir('/proc').catch(() => []);
    return names.filter((name) => /^\d+$/.test(name)).map(Number);
  },
  async hasOpen(pid, descriptor, file) {
    const path = `/proc/${pid}/fd/${descriptor}`;
    try {
      // The kernel answers readlink itself. stat asks the file system of the open file, which may
      // be another one and may hang.
      if ((await readlink(path)) !== file) return false;
      const [open, own] = await Promise.all([stat(path, { bigint: true }), stat(file, { bigint: true })]);
      return open.ino === own.ino && open.dev === own.dev;
    } catch {
      return false;
    }
  },
  userOf: async (pid) => (await stat(`/proc/${pid}`).catch(() => undefined))?.uid,
};

/** Reads one process; undefined if it is gone. */
export async function readProcess(pid: number): Promise<ProcessLine | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  if (text === undefined) return undefined;
  // The second field is the program's name in parentheses. It may contain blanks and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', parent, group, session] = fields;
  const startedAt = fields[19] ?? '';
  return { pid, state, parent: Number(parent), group: Number(group), session: Number(session), startedAt };
}

/** All processes that /proc shows. */
export function listProcesses(table: ProcessTable = systemTable): Promise<ProcessLine[]> {
  return mapProcesses(table, (pid) => table.read(pid));
}

/** Calls `look` for every process and returns the results that are not undefined. */
export async function mapProcesses<T>(
  table: ProcessTable,
  look: (pid: number) => Promise<T | undefined>,
): Promise<T[]> {
  const pids = await table.list();
  const results: Array<T | undefined> = [];
  for (let at = 0; at < pids.length; at += AT_ONCE) {
    results.push(...(await Promise.all(pids.slice(at, at + AT_ONCE).map(look))));
  }
  return results.filter((each) => each !== undefined);
}
