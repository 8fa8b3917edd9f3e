import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { listProcesses } from '../../src/script/process-table.ts';
import { track } from '../support/children.ts';
import { until } from './contract.ts';

export interface Driving {
  readonly launcher: 'auto' | 'none';
  readonly script: string;
  /** `wait`: wait for the end of the run; `leave`: end at once. Default: wait. */
  readonly what?: 'wait' | 'leave';
  readonly base?: string;
  readonly timeoutMilliseconds?: number;
  readonly killGraceMilliseconds?: number;
}

export interface Driven {
  readonly service: ChildProcess;
  readonly lines: readonly string[];
  /** Resolves to the number that the script prints after a word. */
  said(word: string): Promise<number>;
}

/** Starts a minimal service (driver.mjs) that runs the script. */
export function drive(driving: Driving): Driven {
  const options = {
    what: 'wait',
    base: 'dc=example',
    timeoutMilliseconds: 60_000,
    killGraceMilliseconds: 500,
    ...driving,
  };
  const driver = new URL('./driver.mjs', import.meta.url).pathname;
  const service = track(
    spawn(process.execPath, [driver, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  const lines: string[] = [];
  createInterface({ input: service.stdout }).on('line', (line) => lines.push(line));
  const told = (word: string) => lines.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1);
  return { service, lines, said: async (word) => Number(await until(() => told(word))) };
}

/** The launchers that a process has started. */
export function launchersOf(parent: number): Promise<number[]> {
  return childrenOf(parent, 'prov-backup-rsnapshot: launcher');
}

/** The lookup helpers that a process has started. */
export function lookupHelpersOf(parent: number): Promise<number[]> {
  return childrenOf(parent, '/lookup.py');
}

async function childrenOf(parent: number, words: string): Promise<number[]> {
  return (await listProcesses())
    .filter((found) => found.parent === parent && found.state !== 'Z')
    .map(({ pid }) => pid)
    .filter((pid) => commandLine(pid).includes(words));
}

/** Empty if the process has ended. */
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}
