import { readdir, readFile, readlink, stat } from 'node:fs/promises';

/** One line of the process table, as `/proc/PID/stat` has it (proc(5)). */
export interface ProcessLine {
  readonly pid: number;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** In clock ticks since boot: with the pid, it names one process for good. */
  readonly startedAt: string;
}

/**
 * What is asked of the system about processes. Of a foreign process only what the kernel itself knows: its environment and
 * command line lie in its own memory, where it can let a reader wait for ever.
 */
export interface ProcessTable {
  /** One process; undefined where it is gone. */
  read(pid: number): Promise<ProcessLine | undefined>;
  /** The pids of all; empty where there is no /proc. */
  list(): Promise<number[]>;
  /** Whether a process has this very file open at a descriptor. */
  hasOpen(pid: number, descriptor: number, file: string): Promise<boolean>;
  /** The user that a process runs as; undefined where it is gone. */
  userOf(pid: number): Promise<number | undefined>;
}

/** So many are looked at side by side: each has a file open meanwhile. */
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
      // The link is the kernel's word and asks no file system, as stat does, which may hang on a foreign one.
      if ((await readlink(path)) !== file) return false;
      const [open, own] = await Promise.all([stat(path, { bigint: true }), stat(file, { bigint: true })]);
      return open.ino === own.ino && open.dev === own.dev;
    } catch {
      return false;
    }
  },
  userOf: async (pid) => (await stat(`/proc/${pid}`).catch(() => undefined))?.uid,
};

/** One process; undefined where it is gone. */
export async function readProcess(pid: number): Promise<ProcessLine | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  if (text === undefined) return undefined;
  // The second field is the program's name in parentheses, and may itself hold blanks and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', parent, group, session] = fields;
  const startedAt = fields[19] ?? '';
  return { pid, state, parent: Number(parent), group: Number(group), session: Number(session), startedAt };
}

/** Every process that can be seen. */
export function listProcesses(table: ProcessTable = systemTable): Promise<ProcessLine[]> {
  return mapProcesses(table, (pid) => table.read(pid));
}

/** What is found out about each process, where there is something. */
export async function mapProcesses<T>(
  table: ProcessTable,
  look: (pid: number) => Promise<T | undefined>,
): Promise<T[]> {
  const pids = await table.list();
  const found: Array<T | undefined> = [];
  for (let at = 0; at < pids.length; at += AT_ONCE) {
    found.push(...(await Promise.all(pids.slice(at, at + AT_ONCE).map(look))));
  }
  return found.filter((each) => each !== undefined);
}
