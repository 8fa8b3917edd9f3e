import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BASE, SERVICE_DN, SERVICE_PASSWORD } from '../test/support/accounts.ts';
import { exited, track } from '../test/support/children.ts';
import { type SettingsFile, writeSettings } from '../test/support/service-process.ts';
import type { Slapd } from '../test/support/slapd.ts';

/**
 * The daemons that work on requested accounts. All have eight workers and run the same script. The
 * other build of the service is that of BESIDE, if it is set: the path of its `dist/src/main.js`.
 */
export type Contestant = 'service' | 'other build' | 'python daemon';
const OTHER_BUILD = process.env['BESIDE'];
export const CONTESTANTS: readonly Contestant[] =
  OTHER_BUILD === undefined ? ['service', 'python daemon'] : ['service', 'other build', 'python daemon'];

export const CONCURRENCY = 8;

/** The built service. */
export const SERVICE = join(import.meta.dirname, '../dist/src/main.js');
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
  const config = await writeSettings(folder, settingsOf(slapd, [script]));
  const program = contestant === 'other build' && OTHER_BUILD !== undefined ? OTHER_BUILD : SERVICE;
  return [process.execPath, program, 'run', '-c', config];
}

/** The settings of the service: its defaults, and what it needs. */
export function settingsOf(slapd: Slapd, command: readonly string[]): SettingsFile {
  return {
    directory: { url: slapd.url, bindDn: SERVICE_DN, bindPassword: SERVICE_PASSWORD, base: BASE },
    timeZone: 'UTC',
    concurrency: CONCURRENCY,
    script: { command },
  };
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
