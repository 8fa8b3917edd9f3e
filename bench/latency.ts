import { execFileSync } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CONTESTANTS, type Contestant } from './daemons.ts';
import { uids } from './directory.ts';
import { heading, milliseconds, ratio, table, target } from './report.ts';
import { withContestants } from './setup.ts';
import { quantile, Samples } from './statistics.ts';

const ACCOUNTS = 60;
/** The pause between two writes, after which everything is idle again. */
const PAUSE_MILLISECONDS = 5;

/**
 * Measures the time from just before a request to the first action of the script, and to the moment
 * when `added` is seen.
 */
export async function benchLatency(quick: boolean): Promise<void> {
  const writes = quick ? 100 : 300;
  heading(`latency of a single write, ${writes} each, in turn`);
  const toScript = new Samples();
  const toAdded = new Samples();
  const fifos = new Map<Contestant, Fifo>();
  const body = (folder: string, contestant: Contestant): string => {
    const path = join(folder, 'fifo');
    fifos.set(contestant, new Fifo(path));
    return `echo "$2" > '${path}'`;
  };
  try {
    await withContestants(ACCOUNTS, body, async (setups) => {
      const accounts = uids(ACCOUNTS);
      for (let write = 0; write < writes; write += 1) {
        const uid = accounts[write % ACCOUNTS] ?? '';
        for (const { contestant, administrator } of setups) {
          const scriptLine = fifos.get(contestant)?.next();
          const finished = administrator.whenAdded([uid]);
          await delay(PAUSE_MILLISECONDS);
          const sent = performance.now();
          const taken = administrator.request(uid);
          const script = scriptLine?.then((line) => {
            if (line !== uid) throw new Error(`the script ran for ${line} instead of ${uid}: the run does not count`);
            toScript.add(contestant, performance.now() - sent);
          });
          await finished;
          toAdded.add(contestant, performance.now() - sent);
          await Promise.all([taken, script]);
        }
      }
      for (const fifo of fifos.values()) fifo.expectNoFurtherLine();
    });
  } finally {
    for (const fifo of fifos.values()) fifo.close();
  }
  for (const [what, samples] of [
    ["the script's first instruction", toScript],
    ['`added` seen by others', toAdded],
  ] as const) {
    const theirs = samples.median('python daemon');
    table(
      [`to ${what}`, 'p50', 'p95', 'p99', 'p50 of the python daemon'],
      CONTESTANTS.map((name) => {
        const quantiles = [0.5, 0.95, 0.99].map((part) => milliseconds(quantile(samples.of(name), part)));
        return [name, ...quantiles, ratio(samples.median(name), theirs)];
      }),
    );
    target(`p50 to ${what}: at most 1.1 of the python daemon`, samples.median('service'), 1.1 * theirs, milliseconds);
    const [ours99, theirs99] = [quantile(samples.of('service'), 0.99), quantile(samples.of('python daemon'), 0.99)];
    target(`p99 to ${what}: at most 1.5 of the python daemon`, ours99, 1.5 * theirs99, milliseconds);
  }
}

/** A named pipe to which scripts write their uid, one per line. */
class Fifo {
  readonly #socket: Socket;
  readonly #lines: string[] = [];
  #waiting: ((line: string) => void) | undefined;

  constructor(path: string) {
    execFileSync('mkfifo', [path]);
    // Also open for writing, so that the pipe never ends and no script waits for a reader.
    this.#socket = new Socket({ fd: openSync(path, constants.O_RDWR | constants.O_NONBLOCK), writable: false });
    this.#socket.on('data', (chunk) => {
      for (const line of chunk.toString().split('\n')) if (line !== '') this.#take(line);
    });
  }

  /** Resolves to the next line. Earlier lines are dropped. */
  next(): Promise<string> {
    this.#lines.length = 0;
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  /** Throws if there is a line that no caller has waited for. */
  expectNoFurtherLine(): void {
    if (this.#lines.length > 0) throw new Error(`the script ran once more for ${this.#lines}: the run does not count`);
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(line: string): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#lines.push(line);
    else waiting(line);
  }
}
