import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attempt, type CommandResult, execute, track } from '../support/children.ts';
import { Namespace } from '../support/namespace.ts';

const CACHE = join(import.meta.dirname, '../../node_modules/.cache/roots');
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * A fresh installation of Debian in a folder, with processes, mounts and a network of its own: only
 * loopback.
 */
export class CleanRoot {
  readonly folder: string;
  readonly #namespace: Namespace;

  private constructor(folder: string, namespace: Namespace) {
    this.folder = folder;
    this.#namespace = namespace;
  }

  /**
   * `packages` can be installed in it without a network. `devices`: those of this host are there,
   * and not only those of a minimal Debian.
   */
  static async open(
    suite: string,
    packages: readonly string[],
    { devices = false }: { readonly devices?: boolean } = {},
  ): Promise<CleanRoot> {
    const cached = prepared(suite, packages);
    const folder = mkdtempSync(join(tmpdir(), `${suite}-`));
    await execute('cp', ['-a', `${cached}/.`, folder]);
    // A root that is no mount has no mount namespaces of its own.
    const mounts = [`mount --rbind '${folder}' '${folder}'`, `mount --rbind /dev '${folder}/dev'`];
    const prepare = ['ip link set lo up', ...(devices ? mounts : [])];
    return new CleanRoot(folder, await Namespace.open(`${folder}/proc`, prepare));
  }

  /** The arguments of a command that runs a command in the root. */
  inside(command: string, args: readonly string[]): [command: string, args: string[]] {
    const env = ['env', '-i', `PATH=${PATH}`, 'LC_ALL=C.UTF-8', 'DEBIAN_FRONTEND=noninteractive', 'HOME=/root'];
    return this.#namespace.inside('chroot', this.folder, ...env, command, ...args);
  }

  /** Runs a command in it, to its end. */
  attempt(command: string, ...args: readonly string[]): Promise<CommandResult> {
    return attempt(...this.inside(command, args));
  }

  /** The same; rejects if the command fails. */
  async run(command: string, ...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.attempt(command, ...args);
    if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
    return stdout;
  }

  /** Starts a command that stays. It ends with the root. */
  start(command: string, ...args: readonly string[]): void {
    const [enter, rest] = this.inside(command, args);
    track(spawn(enter, rest, { stdio: 'ignore' }));
  }

  has(path: string): boolean {
    return existsSync(join(this.folder, path));
  }

  write(path: string, text: string, mode = 0o644): void {
    writeFileSync(join(this.folder, path), text, { mode });
  }

  /** Copies a file of this host. */
  copy(from: string, to: string): void {
    cpSync(from, join(this.folder, to));
  }

  async close(): Promise<void> {
    await this.#namespace.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/**
 * The root that is copied for each test: made once, from the mirror that this host uses. Stages
 * that need other packages of the same suite share it; each adds its packages to the archives
 * there.
 */
function prepared(suite: string, packages: readonly string[]): string {
  const folder = join(CACHE, suite);
  const made = join(CACHE, `${suite}: root`);
  const downloaded = join(CACHE, `${suite}: ${packages.join(' ')}`);
  if (!existsSync(made)) {
    for (const name of existsSync(CACHE) ? readdirSync(CACHE) : []) {
      if (name.startsWith(suite)) rmSync(join(CACHE, name), { recursive: true });
    }
    mkdirSync(CACHE, { recursive: true });
    command('debootstrap', ['--variant=minbase', suite, folder, mirror()]);
    writeFileSync(made, '');
  }
  if (!existsSync(downloaded)) {
    const install = ['install', '--download-only', '--no-install-recommends', '--yes', ...packages];
    if (packages.length > 0) command('chroot', [folder, 'apt-get', ...install]);
    writeFileSync(downloaded, '');
  }
  return folder;
}

/** The mirror of Debian in this host's own configuration of apt. */
function mirror(): string {
  const format = '$(ORIGIN) $(LABEL) $(SUITE) $(REPO_URI)';
  const targets = command('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
  const main = targets.split('\n').find((line) => /^Debian Debian (?!\S*-)/.test(line));
  if (main === undefined) throw new Error('apt on this host has no mirror of Debian');
  return main.split(' ').at(-1) ?? '';
}

function command(path: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(path, args, { encoding: 'utf8' });
  if (status !== 0) throw error ?? new Error(`${path} ${args.join(' ')} failed: ${`${stdout}${stderr}`.slice(-2_000)}`);
  return stdout;
}
