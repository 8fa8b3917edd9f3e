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
 * A question is one line. Blanks separate its parts: the number of seconds after which the process
 * ends itself if it has no answer, the database, and each key in hexadecimal. An answer consists of
 * the exit code of getent(1) as one digit, the lines, and a zero byte. A zero byte alone reports
 * that the process is ready.
 *
 * States:
 *   starting -> ready       the process has reported that it is ready
 *   ready -> asked          `ask`
 *   asked -> ready          the process has answered
 *   any -> gone             the process has ended, or was killed
 */
export class LookupProcess {
  readonly #helper: PythonHelper;
  #state: 'starting' | 'ready' | 'asked' | 'gone' = 'starting';
  #chunks: Buffer[] = [];
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
        onData: (chunk) => this.#receive(chunk),
        onEnd: (reason, code) => {
          clearTimeout(late);
          this.#state = 'gone';
          onEnd(reason, code);
          this.#lose();
        },
      },
    );
  }

  /** Whether the process is ready for a question. */
  get isReady(): boolean {
    return this.#state === 'ready';
  }

  /**
   * Sends a question to the process. Resolves to undefined if the process is not ready, or ends
   * without an answer. The process is killed at the time limit and when the signal is aborted,
   * because NSS may hang forever.
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
      this.#take = (answer) => {
        this.#state = 'ready';
        finish({ kind: 'exited', exitCode: Number(answer[0]), output: answer.slice(1), complaint: '' });
      };
      this.#lose = () => finish(undefined);
      const seconds = Math.ceil(timeoutMilliseconds / 1000) + 1;
      const hexKeys = keys.map((key) => Buffer.from(key).toString('hex'));
      this.#helper.write(`${[seconds, database, ...hexKeys].join(' ')}\n`);
    });
  }

  kill(): void {
    this.#state = 'gone';
    this.#helper.kill();
  }

  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk);
    if (chunk.at(-1) !== 0) return;
    const answer = Buffer.concat(this.#chunks).subarray(0, -1).toString('utf8');
    this.#chunks = [];
    this.#take(answer);
  }
}
