import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { BASE, LEASES, SERVICE_DN, SERVICE_PASSWORD } from './accounts.ts';
import { exited, hasExited, track } from './children.ts';
import { MAIN } from './main.ts';

/** Settings as in a configuration file. Sections are merged over those of `testSettings`. */
export type SettingsFile = Readonly<Record<string, unknown>>;

/** Settings with short times for a service at the directory at `url`. */
export function testSettings(url: string | readonly string[], command: readonly string[]): SettingsFile {
  return {
    directory: {
      url,
      bindDn: SERVICE_DN,
      bindPassword: SERVICE_PASSWORD,
      base: BASE,
      requestTimeout: '2s',
    },
    timeZone: 'UTC',
    concurrency: 8,
    script: { command, timeout: '60s', killGrace: '500ms' },
    reconnect: { initial: '10ms', max: '200ms', deadAfter: '2s' },
    reconcile: { interval: '2s' },
    shutdown: { grace: '10s' },
    log: { level: 'debug', format: 'json' },
  };
}

/** Settings for several services on the same accounts, with the shortest possible leases. */
export const SEVERAL = {
  instances: 'several',
  leases: { base: LEASES, duration: '16s' },
  script: { killGrace: '100ms' },
} as const satisfies SettingsFile;

/** Merges sections, one level deep. */
export function withSettings(base: SettingsFile, over: SettingsFile): SettingsFile {
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(over)) {
    const below = base[name];
    const isSection = typeof value === 'object' && value !== null && !Array.isArray(value);
    merged[name] = isSection && typeof below === 'object' ? { ...below, ...value } : value;
  }
  return merged;
}

export interface ServiceProcessOptions {
  /** The built program, if it is not the project's own. */
  readonly program?: string;
  /** A command with arguments that executes the service: `unshare -n`, `setpriv ...`. */
  readonly through?: readonly string[];
}

/** The built service as a process: `run -c FILE`. States: ended, running. */
export class ServiceProcess {
  readonly #config: string;
  readonly #args: readonly string[];
  readonly #options: ServiceProcessOptions;
  #child: ChildProcess | undefined;
  #output = '';

  constructor(config: string, args: readonly string[] = ['--debug'], options: ServiceProcessOptions = {}) {
    this.#config = config;
    this.#args = args;
    this.#options = options;
  }

  get running(): boolean {
    return this.#child !== undefined && !hasExited(this.#child);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** The end of the output of all its runs. */
  get output(): string {
    return this.#output;
  }

  /** Starts the process without waiting for its connection. `environment` is added to ours. */
  start(environment: NodeJS.ProcessEnv = {}): void {
    if (this.running) throw new Error('the service runs already');
    const { program = MAIN, through = [] } = this.#options;
    const [file = '', ...args] = [...through, process.execPath, program, 'run', '-c', this.#config, ...this.#args];
    const child = track(
      spawn(file, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...environment },
      }),
    );
    this.#child = child;
    this.#output += `--- started as ${child.pid}\n`;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (said: string) => {
        this.#output = (this.#output + said).slice(-262_144);
      });
    }
    child.once('close', (code, signal) => {
      this.#output += `--- ended with ${code ?? signal}\n`;
    });
  }

  async kill9(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.ended();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Sends SIGTERM and waits for the end. Resolves to the exit code. */
  async terminate(): Promise<number | null> {
    this.signal('SIGTERM');
    return this.ended();
  }

  /** Waits for the end. Resolves to the exit code, or null if a signal ended the process. */
  async ended(): Promise<number | null> {
    if (this.#child === undefined) return null;
    await exited(this.#child);
    return this.#child.exitCode;
  }
}

/** Writes the settings to a file of this name, readable by its owner only. Returns its path. */
export async function writeSettings(folder: string, settings: SettingsFile, name = 'service.yaml'): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, stringify(settings), { mode: 0o600 });
  return path;
}
