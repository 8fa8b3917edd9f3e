import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** Debian packages by the commands (or paths of files) that they provide. */
export type NeededPackages = Readonly<Record<string, string>>;

const POLICY = '/usr/sbin/policy-rc.d';

/** Throws if packages are missing. The message names them and says how to install them. */
export function requirePackages(needed: NeededPackages, installingCommand: string): void {
  const missing = missingPackages(needed);
  if (missing.length === 0) return;
  throw new Error(
    [
      `these Debian packages are missing: ${missing.join(' ')}`,
      'Install them as root with one of these commands:',
      `  apt-get install --no-install-recommends ${missing.join(' ')}`,
      `  ${installingCommand}`,
    ].join('\n'),
  );
}

/** Installs the missing packages. The process has to run as root. No service is started. */
export function installMissingPackages(needed: NeededPackages): void {
  const missing = missingPackages(needed);
  if (missing.length === 0) return;
  console.log(`Installing the Debian packages ${missing.join(' ')}`);
  const ownPolicy = !existsSync(POLICY);
  if (ownPolicy) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    aptGet(['update']);
    aptGet(['install', '--no-install-recommends', '-y', ...missing]);
  } finally {
    if (ownPolicy) rmSync(POLICY, { force: true });
  }
  const still = missingPackages(needed);
  if (still.length > 0)
    throw new Error(`these packages are installed, but their commands are missing: ${still.join(' ')}`);
}

function missingPackages(needed: NeededPackages): string[] {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const isThere = (command: string) =>
    isAbsolute(command) ? existsSync(command) : folders.some((folder) => existsSync(join(folder, command)));
  return Object.entries(needed)
    .filter(([command]) => !isThere(command))
    .map(([, name]) => name);
}

function aptGet(args: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, error, stdout, stderr } = spawnSync('apt-get', ['-q', ...args], { env, encoding: 'utf8' });
  if (status === 0) return;
  throw new Error(`apt-get ${args.join(' ')} failed: ${error?.message ?? `${stdout}${stderr}`.slice(-2000)}`);
}
