import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exited, hasExited, track } from './children.ts';
import { freePort } from './free-port.ts';

export interface Haproxy {
  readonly url: string;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** A real haproxy on 127.0.0.1 in front of one port. It cuts idle connections after `idle`. */
export function startHaproxy(target: number, idle: string): Promise<Haproxy> {
  return startConfiguredHaproxy((port) =>
    [
      'defaults',
      '  mode tcp',
      '  timeout connect 5s',
      `  timeout client ${idle}`,
      `  timeout server ${idle}`,
      'listen directory',
      `  bind 127.0.0.1:${port}`,
      `  server slapd 127.0.0.1:${target}`,
      '',
    ].join('\n'),
  );
}

/** A real haproxy with this configuration, which has to listen at `port` of 127.0.0.1. */
export async function startConfiguredHaproxy(configuration: (port: number) => string): Promise<Haproxy> {
  const folder = await mkdtemp(join(tmpdir(), 'haproxy-'));
  const port = await freePort();
  const file = join(folder, 'haproxy.cfg');
  await writeFile(file, configuration(port));
  const child = track(spawn('haproxy', ['-db', '-q', '-f', file], { stdio: 'ignore' }));
  const stop = async () => {
    child.kill('SIGKILL');
    await exited(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await listening(child, port);
    return { url: `ldap://127.0.0.1:${port}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  for (const deadline = Date.now() + 10_000; ; ) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch (cause) {
      if (hasExited(child) || Date.now() > deadline) throw new Error('haproxy does not listen', { cause });
      await new Promise((resolve) => setTimeout(resolve, 10));
    } finally {
      socket.destroy();
    }
  }
}
