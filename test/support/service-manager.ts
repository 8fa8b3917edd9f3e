import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { exited, track } from './children.ts';

/**
 * A program that binds the datagram socket of a service manager, prints `bound`, and then each
 * datagram as a line.
 */
const MANAGER = `
import socket, sys
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[1])
print("bound", flush=True)
while True:
    print(manager.recv(4096).decode(), flush=True)
`;

/** A service manager that only receives notifications (sd_notify(3)). */
export class ServiceManager {
  /** The value of NOTIFY_SOCKET for the service. */
  readonly socket: string;
  /** The notifications so far, in order. */
  readonly heard: string[] = [];
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #watchers = new Set<() => void>();

  private constructor(folder: string) {
    this.#folder = folder;
    this.socket = join(folder, 'socket');
    const child = track(spawn('python3', ['-c', MANAGER, this.socket], { stdio: ['ignore', 'pipe', 'inherit'] }));
    this.#child = child;
    createInterface(child.stdout).on('line', (line) => {
      this.heard.push(line);
      for (const look of this.#watchers) look();
    });
  }

  static async start(): Promise<ServiceManager> {
    const manager = new ServiceManager(await mkdtemp(join(tmpdir(), 'manager-')));
    await manager.hears(/^bound$/);
    manager.heard.length = 0;
    return manager;
  }

  /** Resolves when a notification matches. */
  hears(pattern: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        this.#watchers.delete(look);
        reject(new Error(`not notified of ${pattern}, but of ${JSON.stringify(this.heard)}`));
      }, 20_000);
      const look = (): void => {
        if (!this.heard.some((line) => pattern.test(line))) return;
        clearTimeout(deadline);
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  async stop(): Promise<void> {
    this.#child.kill();
    await exited(this.#child);
    await rm(this.#folder, { recursive: true });
  }
}
