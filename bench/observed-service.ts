import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { track } from '../test/support/children.ts';
import { writeSettings } from '../test/support/service-process.ts';
import type { Slapd } from '../test/support/slapd.ts';
import { SERVICE, settingsOf, stopDaemon } from './daemons.ts';

export interface ObservedServiceOptions {
  readonly script: readonly string[];
  /** The interval of the lists. Default: the service's own. */
  readonly interval?: string | undefined;
}

const PROBE = join(import.meta.dirname, 'contestants/memory-probe.mjs');
const STATUS_PAUSE_MILLISECONDS = 50;

/**
 * A service whose log is read and whose status is requested all the time, as by an open status
 * screen. Times are milliseconds since 1970.
 */
export class ObservedService {
  readonly startedAt = Date.now();
  /** The finished accounts, in order. */
  readonly finished: Array<{ readonly uid: string; readonly at: number }> = [];
  /** How long each request for the status took, in milliseconds. */
  readonly statusTimes: number[] = [];
  connectedAt = Number.NaN;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #listed: Promise<number>;
  #resolveListed: (at: number) => void = () => {};
  readonly #asking: Promise<void>;
  #stopped = false;

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    if (child.stdout !== null) createInterface(child.stdout).on('line', (line) => this.#take(JSON.parse(line)));
    this.#listed = new Promise((resolve, reject) => {
      this.#resolveListed = resolve;
      child.once('exit', (code) => reject(new Error(`the service ended with ${code}`)));
    });
    this.#listed.catch(() => {}); // the caller that awaits it gets the error
    this.#asking = this.#askForStatus();
  }

  static async start(slapd: Slapd, folder: string, options: ObservedServiceOptions): Promise<ObservedService> {
    const { script, interval } = options;
    const config = await writeSettings(folder, {
      ...settingsOf(slapd, script),
      operator: { listen: `unix:${join(folder, 'operator')}` },
      log: { format: 'json' },
      shutdown: { grace: '1s' },
      ...(interval === undefined ? {} : { reconcile: { interval } }),
    });
    const args = ['--expose-gc', '--import', PROBE, SERVICE, 'run', '-c', config];
    const env = { ...process.env, MEMORY_FILE: join(folder, 'memory') };
    const child = track(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env }));
    return new ObservedService(child, folder);
  }

  /** Resolves to the time when all open accounts were listed. */
  listed(): Promise<number> {
    return this.#listed;
  }

  /** Resolves to the memory that is in use after a garbage collection. */
  async memory(): Promise<NodeJS.MemoryUsage> {
    const file = join(this.#folder, 'memory');
    await rm(file, { force: true });
    this.#child.kill('SIGUSR2');
    for (;;) {
      const text = await readFile(file, 'utf8').catch(() => undefined);
      if (text !== undefined) return JSON.parse(text);
      await delay(20);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#asking;
    await stopDaemon(this.#child);
  }

  #take({ message, time, uid }: { readonly message: string; readonly time: string; readonly uid: string }): void {
    const at = Date.parse(time);
    if (message === 'account finished') this.finished.push({ uid, at });
    else if (message === 'connected') this.connectedAt = at;
    else if (message === 'open accounts listed') this.#resolveListed(at);
  }

  async #askForStatus(): Promise<void> {
    while (!this.#stopped) {
      const asked = performance.now();
      const answered = await this.#get('/status').catch(() => false);
      if (answered) this.statusTimes.push(performance.now() - asked);
      await delay(STATUS_PAUSE_MILLISECONDS);
    }
  }

  /** Resolves to true when the whole response has arrived. Rejects while no server listens. */
  async #get(path: string): Promise<boolean> {
    const asked = request({ socketPath: join(this.#folder, 'operator'), path });
    const [response] = await once(asked.end(), 'response');
    response.resume();
    await once(response, 'end');
    return true;
  }
}
