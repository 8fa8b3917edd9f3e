import { type ChildProcess, spawn } from 'node:child_process';
import { exited, track } from './children.ts';

/** Runs a program on a terminal of its own: its standard input is what is typed. */
const TERMINAL = 'import pty, sys; pty.spawn(sys.argv[1:])';

/**
 * The prompt of the shell. Keys that are pressed before it appears go to the terminal, not to the
 * shell.
 */
const PROMPT = 'next> ';

/** The command has printed its arguments, and the next line may be typed. */
const DONE = new RegExp(`\x03[\\s\\S]*${PROMPT}`);

const KILL_LINE = '\x15';

/** The keys that insert all completions of the word before them. */
const SHELLS = {
  bash: { command: ['bash', '--noprofile', '--norc', '-i'], insertAll: '\x1b*' },
  zsh: { command: ['zsh', '-f', '-i'], insertAll: '\x14' },
} as const;

/** An interactive shell in which the command only prints its arguments. */
export class InteractiveShell {
  readonly #child: ChildProcess;
  readonly #insertAll: string;
  #printed = '';
  #typed = 0;
  #look = (): void => {};

  private constructor(kind: keyof typeof SHELLS, cwd: string) {
    const { command, insertAll } = SHELLS[kind];
    this.#insertAll = insertAll;
    const env = {
      PATH: process.env['PATH'],
      HOME: cwd,
      TERM: 'dumb',
      INPUTRC: '/dev/null',
      HISTFILE: '/dev/null',
      LC_ALL: 'C.UTF-8',
    };
    this.#child = track(
      spawn('/usr/bin/python3', ['-c', TERMINAL, ...command], { cwd, env, stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#printed += text;
      this.#look();
    });
  }

  /** `setUp` is typed first; it makes the completion known. */
  static async start(kind: keyof typeof SHELLS, cwd: string, setUp: readonly string[]): Promise<InteractiveShell> {
    const shell = new InteractiveShell(kind, cwd);
    const printer = `prov-backup-rsnapshot() { printf '\\2%s' "$@"; printf '\\3'; }`;
    for (const line of [...setUp, printer, `PS1='${PROMPT}'`]) shell.#type(`${line}\n`);
    await shell.#settled();
    return shell;
  }

  /** The words of the line after all completions of its last word are inserted. */
  async complete(line: string): Promise<string[]> {
    const from = this.#printed.length;
    this.#type(`${line}${this.#insertAll}\n`);
    // Type nothing in advance: the echo could appear among the words.
    await this.#until(() => DONE.test(this.#printed.slice(from)));
    // The typed text is on the terminal, too, but without these marks.
    const printed = this.#printed.slice(from);
    const words = printed.slice(printed.indexOf('\x02') + 1, printed.indexOf('\x03'));
    return words.split('\x02');
  }

  /** Presses TAB twice behind the line, and discards the line. */
  async press(line: string): Promise<void> {
    this.#type(`${line}\t\t${KILL_LINE}`);
    await this.#settled();
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await exited(this.#child);
  }

  #type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Resolves when the shell has done what was typed. */
  #settled(): Promise<void> {
    this.#typed += 1;
    const mark = new RegExp(`settled-${this.#typed}\\.[\\s\\S]*${PROMPT}`);
    this.#type(`printf '\\n%s-%s.\\n' settled ${this.#typed}\n`);
    return this.#until(() => mark.test(this.#printed));
  }

  #until(isReached: () => boolean): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error(`no answer: ${this.#printed.slice(-2000)}`)), 20_000);
      this.#look = () => {
        if (!isReached()) return;
        clearTimeout(deadline);
        resolve();
      };
    });
  }
}
