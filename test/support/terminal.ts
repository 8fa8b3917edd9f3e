import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { exited, track } from './children.ts';

/**
 * Runs a command on a terminal of its own. A line on standard input sets the size (`size 24 80`),
 * types a character (`type 3`) or sends a signal to the command (`kill 20`).
 */
const TERMINAL = `
import fcntl, os, pty, select, struct, sys, termios
def resize(rows, columns):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
pid, master = pty.fork()
if pid == 0:
    sys.stdin.readline()
    os.execvp(sys.argv[3], sys.argv[3:])
resize(int(sys.argv[1]), int(sys.argv[2]))
os.write(master, b"\\n")
orders = b""
sources = [0, master]
while True:
    for source in select.select(sources, [], [])[0]:
        try:
            data = os.read(source, 65536)
        except OSError:
            data = b""
        if source == master:
            if not data:
                sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            os.write(1, data)
        elif not data:
            sources.remove(0)
        else:
            orders += data
            *lines, orders = orders.split(b"\\n")
            for what, *numbers in (line.split() for line in lines):
                numbers = [int(number) for number in numbers]
                if what == b"size": resize(*numbers)
                elif what == b"type": os.write(master, bytes(numbers))
                else: os.kill(pid, numbers[0])
`;

/** Stands for the escape character in what is shown. */
export const ESC = '\u241b';

/** A command on a terminal of its own. */
export class Terminal {
  readonly #child: ChildProcess;
  #shown = '';
  #look = (): void => {};

  constructor(
    command: readonly string[],
    { rows, columns }: { rows: number; columns: number },
    env: NodeJS.ProcessEnv,
  ) {
    this.#child = track(
      spawn('/usr/bin/python3', ['-c', TERMINAL, String(rows), String(columns), ...command], {
        stdio: ['pipe', 'pipe', 'inherit'],
        env,
      }),
    );
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#shown += text.replaceAll('\x1b', ESC);
      this.#look();
    });
    this.#child.once('close', () => this.#look());
  }

  /** All that was written to the terminal, with `ESC` for each escape character. */
  get shown(): string {
    return this.#shown;
  }

  /** Resolves when what was written since `from` matches. */
  shows(pattern: RegExp, from = 0): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = () =>
        reject(new Error(`the terminal did not show ${pattern}: ${JSON.stringify(this.#shown.slice(from))}`));
      const late = setTimeout(fail, 20_000);
      this.#look = () => {
        const found = pattern.test(this.#shown.slice(from));
        if (!found && this.#child.exitCode === null) return;
        clearTimeout(late);
        this.#look = () => {};
        if (found) resolve();
        else fail();
      };
      this.#look();
    });
  }

  order(what: 'size' | 'type' | 'kill', ...numbers: number[]): void {
    this.#child.stdin?.write(`${what} ${numbers.join(' ')}\n`);
  }

  /** Resolves to the exit code of the command; a signal that ended it is negative. */
  async ended(): Promise<number | null> {
    await exited(this.#child);
    return this.#child.exitCode;
  }
}
