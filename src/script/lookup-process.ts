import { fileURLToPath } from 'node:url';
import { type PythonHelper, startPythonHelper } from '../host/python-helper.ts';
import type { CommandResult } from './command.ts';
import type { Getent } from './getent.ts';

export interface LookupProcessOptions {
  /** The Python interpreter. */
  readonly interpreter: string;
  /** The process is killed if it is not ready within this time. */
  readonly readyWithinMilliseconds: number;
  onReady(): void;
  /** Called once, when the process is gone; see `PythonHelperEvents`. */
  onEnd(reason: string, code?: string): void;
}

const PROGRAM = fileURLToPath(new URL('./lookup.py', import.meta.url));
const SILENT = { output: '', complaint: '' };

/**
 * A small process (lookup.py) that answers one question to NSS at a time.
 *
 * A question is one line with spaces between its parts: the number of seconds after which the
 * process ends itself if it has no answer · the database · each key in hexadecimal. An answer is
 * the exit code of getent(1) as a digit · the lines · a zero byte. A zero byte alone says that the
 * process is ready.
 *
 * starting -> ready       the process says that it is ready
 * ready -> asked          `ask`
 * asked -> ready          it has answered
 * any -> gone             it has ended, or was killed
 */
export class LookupProcess {
  readonly #helper: PythonHelper;
  #state: 'starting' | 'ready' | 'asked' | 'gone' = 'starting';
  #heard: Buffer[] = [];
  #take: (said: string) => void;
  #lose = (): void => {};

  constructor({ interpreter, readyWithinMilliseconds, onReady, onEnd }: LookupProcessOptions) {
    const late = setTimeout(() => this.kill(), readyWithinMilliseconds).unref();
    this.#take = () => {
      clearTimeout(late);
      this.#state = 'ready';
      onReady();
    };
    this.#helper = startPythonHelper(
      { interpreter, title: 'lookup', program: PROGRAM },
      {
        onData: (chunk) => this.#hear(chunk),
        onEnd: (reason, code) => {
          clearTimeout(late);
          this.#state = 'gone';
          onEnd(reason, code);
          this.#lose();
        },
      },
    );
  }

  /** Whether the process may be asked. */
  get isReady(): boolean {
    return this.#state === 'ready';
  }

  /**
   * Asks the process. Resolves to undefined if it is not ready, or ends without an answer. It is
   * killed at the time limit and when the signal is aborted, as NSS may hang forever.
   */
  ask(...[database, keys, { timeoutMilliseconds, signal }]: Parameters<Getent>): Promise<CommandResult | undefined> {
    if (signal.aborted) return Promise.resolve({ kind: 'aborted', ...SILENT });
    if (!this.isReady) return Promise.resolve(undefined);
    this.#state = 'asked';
    return new Promise((resolve) => {
      const finish = (result: CommandResult | undefined): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        resolve(result);
      };
      const giveUp = (result: CommandResult): void => {
        this.kill();
        finish(result);
      };
      const abort = (): void => giveUp({ kind: 'aborted', ...SILENT });
      const timer = setTimeout(
        () => giveUp({ kind: 'timedOut', milliseconds: timeoutMilliseconds, ...SILENT }),
        timeoutMilliseconds,
      );
      signal.addEventListener('abort', abort, { once: true });
      this.#take = (said) => {
        this.#state = 'ready';
        finish({ kind: 'exited', exitCode: Number(said[0]), output: said.slice(1), complaint: '' });
      };
      this.#lose = () => finish(undefined);
      const seconds = Math.ceil(timeoutMilliseconds / 1000) + 1;
      const named = keys.map((key) => Buffer.from(key).toString('hex'));
      this.#helper.write(`${[seconds, database, ...named].join(' ')}\n`);
    });
  }

  kill(): void {
    this.#state = 'gone';
    this.#helper.kill();
  }

  #hear(chunk: Buffer): void {
    this.#heard.push(chunk);
    if (chunk.at(-1) !== 0) return;
    const said = Buffer.concat(this.#heard).subarray(0, -1).toString('utf8');
    this.#heard = [];
    this.#take(said);
  }
}
