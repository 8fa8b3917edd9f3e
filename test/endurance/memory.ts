import { readFileSync } from 'node:fs';

/** What a process has in memory now, and the most that it ever had, in MiB (proc(5), VmRSS and VmHWM). */
export function memoryOf(pid: number | undefined): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const mebibytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
  return { now: mebibytes('VmRSS'), peak: mebibytes('VmHWM') };
}
