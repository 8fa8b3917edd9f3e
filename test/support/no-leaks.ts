import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll } from 'vitest';

/**
 * Fails a test file that leaves a child process, a listening or connected socket, or a timer
 * behind. It is loaded before each test file, so its hook runs after all hooks of the file. Closing
 * may take some time.
 */

const GRACE_MILLISECONDS = 5_000;
const { setTimeout: later } = globalThis; // a test may leave fake timers behind
const now = performance.now.bind(performance);

// Children inherit this variable, so that grandchildren are found, too, whatever their parent is.
const MARK = `TEST_FILE_MARK=${randomUUID()}`;
process.env['TEST_FILE_MARK'] = MARK.slice(MARK.indexOf('=') + 1);

// These are opened at their first use, which is no leak of a test.
void process.stdout;
void process.stderr;

const before = { resources: resources(), processes: new Set(processes()) };

afterAll(async () => {
  const deadline = now() + GRACE_MILLISECONDS;
  for (;;) {
    const left = leftovers();
    if (left.length === 0) return;
    if (now() > deadline) throw new Error(`this test file leaves behind: ${left.join(', ')}`);
    await new Promise<void>((resolve) => later(resolve, 20).unref());
  }
});

function leftovers(): string[] {
  const counts = resources();
  const kinds = [...counts].filter(([kind, count]) => count > (before.resources.get(kind) ?? 0)).map(([kind]) => kind);
  const children = processes().filter((pid) => !before.processes.has(pid));
  return [...kinds, ...children.map((pid) => `process ${pid} (${commandLine(pid)})`)];
}

function resources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** Our children, and every process that inherited the mark. */
function processes(): number[] {
  const own = String(process.pid);
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name) && name !== own)
    .filter((pid) => {
      const [, state, parent] = /\) (\S) ([0-9]+) /.exec(read(`/proc/${pid}/stat`)) ?? [];
      return state !== 'Z' && (parent === own || read(`/proc/${pid}/environ`).split('\0').includes(MARK));
    })
    .map(Number);
}

function commandLine(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return ''; // the process has ended, or belongs to another user
  }
}
