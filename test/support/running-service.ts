import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BASE, SERVICE_DN, SERVICE_PASSWORD } from './accounts.ts';
import { exited, track } from './children.ts';
import { MAIN } from './main.ts';

export interface ServiceSetup {
  /** The URL of the directory. */
  readonly url: string;
  /** The script in POSIX sh, without its first line. `$FOLDER` is the folder of the test. */
  readonly script: string;
  /**
   * Settings in addition to those for the directory and the script, as YAML (or JSON) by section.
   */
  readonly settings?: Readonly<Record<string, unknown>> & { readonly script?: Readonly<Record<string, unknown>> };
  /** Arguments of `run` after the configuration file. */
  readonly flags?: readonly string[];
  readonly directory?: Readonly<Record<string, unknown>>;
}

/** The built service as a process, with its configuration and script in a temporary folder. */
export class RunningService {
  readonly folder: string;
  readonly configFile: string;
  readonly #flags: readonly string[];
  #child: ChildProcess | undefined;
  #output = '';
  /** The process has ended and all its output was read. */
  #ended = false;
  readonly #watchers = new Set<() => void>();

  constructor(folder: string, flags: readonly string[]) {
    this.folder = folder;
    this.configFile = join(folder, 'service.yaml');
    this.#flags = flags;
  }

  /** Everything that the process printed since its start. */
  get output(): string {
    return this.#output;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get exitCode(): number | null {
    return this.#child?.exitCode ?? null;
  }

  /** Starts the process. Resolves when it is subscribed, or at once without `wait`. */
  async start({ wait = true }: { wait?: boolean } = {}): Promise<void> {
    this.#output = '';
    this.#ended = false;
    const child = track(
      spawn(process.execPath, [MAIN, 'run', '-c', this.configFile, '--debug', ...this.#flags], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: process.env['PATH'], TZ: 'UTC' },
      }),
    );
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (said: string) => {
        this.#output += said;
        for (const check of this.#watchers) check();
      });
    }
    child.once('close', () => {
      this.#ended = true;
      for (const look of this.#watchers) look();
    });
    if (wait) await this.outputMatches(/\brefreshed\b/);
  }

  /** Resolves when the output matches. Rejects when the process ends, or after 20 seconds. */
  outputMatches(pattern: RegExp): Promise<RegExpMatchArray> {
    return this.outputHas(String(pattern), (output) => output.match(pattern) ?? undefined);
  }

  /**
   * Resolves to the result of `find` for the output, once that is not undefined. Rejects as
   * `outputMatches` does.
   */
  outputHas<T>(what: string, find: (output: string) => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = find(this.#output);
        if (found !== undefined) settle(() => resolve(found));
        else if (this.#ended) {
          settle(() => reject(new Error(`the service ended without saying ${what}:\n${this.#output}`)));
        }
      };
      const timer = setTimeout(
        () => settle(() => reject(new Error(`the service did not say ${what} in time:\n${this.#output}`))),
        20_000,
      );
      const settle = (how: () => void): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        how();
      };
      this.#watchers.add(look);
      look();
    });
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  /** Sends the signal. Resolves to the exit code, or null if a signal ended the process. */
  async stop(name: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    child.kill(name);
    await exited(child);
    return child.exitCode;
  }

  /** Waits until the process has ended by itself. Resolves to its exit code. */
  async ended(): Promise<number | null> {
    if (this.#child !== undefined) await exited(this.#child);
    return this.exitCode;
  }

  async remove(): Promise<void> {
    if (this.#child !== undefined && this.#child.exitCode === null) await this.stop('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Writes the configuration and the script of a service. Call `start` to run it. */
export async function setUpService(setup: ServiceSetup): Promise<RunningService> {
  const folder = await mkdtemp(join(tmpdir(), 'prov-service-'));
  const service = new RunningService(folder, setup.flags ?? []);
  const scriptFile = join(folder, 'chroot.sh');
  await writeFile(scriptFile, `#!/bin/sh\nFOLDER='${folder}'\n${setup.script}\n`);
  await chmod(scriptFile, 0o755);
  const settings = {
    directory: {
      url: setup.url,
      base: BASE,
      bindDn: SERVICE_DN,
      bindPassword: SERVICE_PASSWORD,
      ...setup.directory,
    },
    ...setup.settings,
    script: { command: [scriptFile], ...setup.settings?.script },
  };
  await writeFile(service.configFile, JSON.stringify(settings, undefined, 2), { mode: 0o600 });
  return service;
}
