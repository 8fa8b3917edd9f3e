import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BASE, SERVICE_DN, SERVICE_PASSWORD } from '../test/support/accounts.ts';
import { exited, track } from '../test/support/children.ts';
import { writeSettings } from '../test/support/service-process.ts';
import type { Slapd } from '../test/support/slapd.ts';

/** The daemons that work on requested accounts. Both have eight workers and run the same script. */
export const CONTESTANTS = ['service', 'python daemon'] as const;
export type Contestant = (typeof CONTESTANTS)[number];

export const CONCURRENCY = 8;

const SERVICE = join(import.meta.dirname, '../dist/src/main.js');
const PYTHON_DAEMON = join(import.meta.dirname, 'contestants/daemon.py');

/**
 * The command line of a contestant for this directory and script. It keeps its files in `folder`.
 */
export async function commandOf(
  contestant: Contestant,
  slapd: Slapd,
  script: string,
  folder: string,
): Promise<string[]> {
  if (contestant === 'python daemon') {
    return [
      '/usr/bin/python3',
      PYTHON_DAEMON,
      slapd.url,
      SERVICE_DN,
      SERVICE_PASSWORD,
      BASE,
      script,
      String(CONCURRENCY),
    ];
  }
  const config = await writeSettings(folder, {
    directory: { url: slapd.url, bindDn: SERVICE_DN, bindPassword: SERVICE_PASSWORD, base: BASE },
    timeZone: 'UTC',
    concurrency: CONCURRENCY,
    script: { command: [script] },
  });
  return [process.execPath, SERVICE, 'run', '-c', config];
}

/** Starts a daemon. Its standard output is discarded, its standard error is inherited. */
export function startDaemon([program = '', ...args]: readonly string[]): ChildProcess {
  return track(spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] }));
}

export async function stopDaemon(daemon: ChildProcess): Promise<void> {
  daemon.kill('SIGTERM');
  await exited(daemon);
}

export async function writeScript(folder: string, name: string, body: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}
