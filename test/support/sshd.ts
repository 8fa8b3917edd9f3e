import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execute, hasExited, track } from './children.ts';
import { freePort } from './free-port.ts';

/**
 * A real sshd on 127.0.0.1, at a port that stays the same over restarts. States: running, halted.
 */
export class Sshd {
  readonly port: number;
  readonly #configFile: string;
  #child: ChildProcess | undefined;
  #output = '';

  constructor(port: number, configFile: string) {
    this.port = port;
    this.#configFile = configFile;
  }

  /** The log of all its runs. */
  get output(): string {
    return this.#output;
  }

  /** Starts it. Resolves when it listens. */
  async start(): Promise<void> {
    const child = track(
      spawn('/usr/sbin/sshd', ['-D', '-e', '-f', this.#configFile], { stdio: ['ignore', 'ignore', 'pipe'] }),
    );
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (said: string) => {
        this.#output += said;
        if (said.includes('Server listening')) resolve();
      });
      child.once('exit', () => reject(new Error(`sshd did not start: ${this.#output}`)));
    });
  }

  /** Ends it. Connections that are open stay open. */
  async halt(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || hasExited(child)) return;
    const ended = once(child, 'exit'); // not `close`: the connections keep its output open
    child.kill('SIGTERM');
    await ended;
  }
}

/** Makes the files of an sshd in `folder`, with the lines of its configuration, and starts it. */
export async function startSshd(folder: string, lines: string): Promise<Sshd> {
  await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const port = await freePort();
  const hostKey = join(folder, 'host_key');
  await makeKey(hostKey);
  const configFile = join(folder, 'sshd_config');
  const own = [`Port ${port}`, 'ListenAddress 127.0.0.1', `HostKey ${hostKey}`, 'PidFile none', 'UsePAM no'];
  await writeFile(configFile, [...own, 'StrictModes no', lines].join('\n'));
  const sshd = new Sshd(port, configFile);
  await sshd.start();
  return sshd;
}

/** Makes a key without a passphrase, and its public key in FILE.pub. */
export async function makeKey(file: string): Promise<void> {
  await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', file]);
}
