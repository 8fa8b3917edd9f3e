import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { exited, track } from './children.ts';

/**
 * The first process. It runs the preparations, reports that it is ready, and lets the kernel
 * collect all orphans.
 */
const FIRST_PROCESS = [
  'import signal, subprocess, sys',
  "subprocess.run(['sh', '-e', '-c', sys.argv[1]], check=True)",
  'signal.signal(signal.SIGCHLD, signal.SIG_IGN)',
  "print('ready', flush=True)",
  'signal.pause()',
].join('\n');

/**
 * Processes, mounts and a network that only the processes inside see. Everything that runs in it
 * ends with it.
 */
export class Namespace {
  readonly #first: ChildProcess;

  private constructor(first: ChildProcess) {
    this.#first = first;
  }

  /** `proc`: where its /proc is mounted. `prepare`: lines of sh that are run in it first. */
  static async open(proc: string, prepare: readonly string[]): Promise<Namespace> {
    const namespaces = ['--mount', '--pid', '--net', '--fork', '--kill-child', `--mount-proc=${proc}`];
    const command = ['python3', '-c', FIRST_PROCESS, prepare.join('\n')];
    const first = track(spawn('unshare', [...namespaces, ...command], { stdio: ['ignore', 'pipe', 'inherit'] }));
    const failed = once(first, 'exit').then(([code]) =>
      Promise.reject(new Error(`no namespace: unshare ended: ${code}`)),
    );
    await Promise.race([once(first.stdout, 'data'), failed]);
    return new Namespace(first);
  }

  /** The arguments of a command that runs this one in it. */
  inside(...command: readonly string[]): [command: string, args: string[]] {
    // The namespaces and the root are those of the child that unshare has forked. A mount namespace
    // would be entered at its own root, which is another one if this test runs in a chroot.
    const { pid } = this.#first;
    const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return ['nsenter', ['--target', child, '--mount', '--root', '--pid', '--net', ...command]];
  }

  async close(): Promise<void> {
    this.#first.kill('SIGKILL');
    await exited(this.#first);
  }
}
