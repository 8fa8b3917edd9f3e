// `npm run package [FOLDER]`: builds the Debian package in FOLDER, or in dist/. Its source is the
// content of the npm package and the folder debian/, so that one list names the installed files.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const NEEDED = { 'dpkg-buildpackage': 'dpkg-dev', dh: 'debhelper', git: 'git' };

const target = resolve(process.argv[2] ?? join(ROOT, 'dist'));
const missing = Object.keys(NEEDED).filter((command) => !isInstalled(command));
if (missing.length > 0) {
  process.stderr.write(`these Debian packages are missing: ${missing.map((command) => NEEDED[command]).join(' ')}\n`);
  process.exit(1);
}
const work = mkdtempSync(join(tmpdir(), 'prov-backup-rsnapshot-package-'));
try {
  makePackage();
} finally {
  rmSync(work, { recursive: true });
}

function makePackage() {
  run('npm', ['pack', '--loglevel=error', '--pack-destination', work], { cwd: ROOT });
  const [tarball] = readdirSync(work);
  run('tar', ['-xzf', tarball], { cwd: work });
  const source = join(work, 'package');
  cpSync(join(import.meta.dirname, 'debian'), join(source, 'debian'), { recursive: true });
  // The same commit gives the same file, byte by byte.
  const env = { ...process.env, SOURCE_DATE_EPOCH: process.env.SOURCE_DATE_EPOCH ?? timeOfLastCommit() };
  run('dpkg-buildpackage', ['--build=binary', '--no-sign'], { cwd: source, env });
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(work).filter((file) => file.endsWith('.deb'))) {
    copyFileSync(join(work, name), join(target, name));
    process.stdout.write(`${join(target, name)}\n`);
  }
}

/** Returns the time in seconds. */
function timeOfLastCommit() {
  return run('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}

function run(command, args, options) {
  // The output of the tools goes to standard error, because standard output names the package.
  const { status, error, stdout } = spawnSync(command, args, {
    stdio: ['ignore', process.stderr, process.stderr],
    encoding: 'utf8',
    ...options,
  });
  if (status !== 0) throw error ?? new Error(`${command} ${args.join(' ')} ended with ${status}`);
  return stdout;
}

function isInstalled(command) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, command)));
}
