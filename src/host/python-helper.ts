import { type ChildProcess, type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { promisify } from 'node:util';
import { systemCode } from './host-fault.ts';

/** A small process in Python. It reads from standard input and writes to standard output. */
export interface PythonHelper {
  readonly pid: number | undefined;
  /** The standard input of the helper. Data is lost if the helper was not started or has ended. */
  readonly input: Writable;
  write(bytes: string | Buffer): void;
  /** Closes the standard input of the process, which makes it exit. Resolves when it is gone. */
  close(): Promise<void>;
  kill(): void;
}

export interface PythonHelperOptions {
  /** The Python interpreter. */
  readonly interpreter: string;
  /** The name that process lists show for the process. */
  readonly title: string;
  readonly program: string;
  readonly args?: readonly string[];
}

export interface PythonHelperEvents {
  onData(chunk: Buffer): void;
  /**
   * Called once, when the process is gone and all its output has been read. `reason` is for a
   * person. `code` is set if the system refused to start the process.
   */
  onEnd(reason: string, code?: string): void;
}

/** The system's Python interpreter. It must be version 3.8 or later. */
export const PYTHON = '/usr/bin/python3';
const OLDEST = '3.8';
/**
 * Options for Python. It imports no modules of the site and writes no bytecode, which halves the
 * time of a start.
 */
export const ALONE = ['-I', '-S', '-B'];
/** The PATH on which an interpreter is searched for if the service has none. */
const DEFAULT_PATH = '/usr/bin:/bin';
/** How many characters are kept from the end of the helper's standard error. */
const MOST_COMPLAINT = 500;

/**
 * Says why the Python interpreter cannot run the helpers; undefined if it can.
 */
export async function faultOfPython(interpreter = PYTHON): Promise<string | undefined> {
  const isNew = `import sys; sys.exit(sys.version_info < (${OLDEST.replace('.', ', ')}))`;
  try {
    await promisify(execFile)(interpreter, [...ALONE, '-c', isNew], { timeout: 10_000 });
    return undefined;
  } catch (error) {
    const code = systemCode(error);
    if (code !== undefined) return `${interpreter} cannot be started (${code})`;
    return `${interpreter} is older than ${OLDEST}, or does not work`;
  }
}

/** Starts a helper. It does not keep the service alive while it waits for requests. */
export function startPythonHelper(options: PythonHelperOptions, events: PythonHelperEvents): PythonHelper {
  const { interpreter, title, program, args = [] } = options;
  // The helper has its own process group, so that only the service handles a Ctrl-C in its
  // terminal.
  let child: ChildProcess;
  try {
    child = spawn(interpreter, [...ALONE, program, ...args], {
      argv0: `prov-backup-rsnapshot: ${title}`,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      cwd: '/',
      env: { PATH: process.env['PATH'] || DEFAULT_PATH, LC_ALL: 'C' },
    });
  } catch (error) {
    return notStarted(Promise.resolve(error), events);
  }
  // If descriptors are scarce, Node.js creates no streams and emits the error later.
  if (!hasStreams(child))
    return notStarted(
      once(child, 'error').then(([error]) => error),
      events,
    );
  return workWith(child, events);
}

function workWith(child: WithStreams, events: PythonHelperEvents): PythonHelper {
  letProcessEnd(child);

  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString('utf8')).slice(-MOST_COMPLAINT);
  });
  child.stdin.on('error', () => {}); // EPIPE: the event 'close' reports its end
  child.stdout.on('data', (chunk: Buffer) => events.onData(chunk));

  const gone = new Promise<void>((resolve) => {
    let ended = false;
    const end = (reason: string, code?: string) => {
      if (ended) return;
      ended = true;
      events.onEnd(reason, code);
      resolve();
    };
    child.on('error', (error) => end(error.message, systemCode(error)));
    child.on('close', (code, signal) => {
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
      end(complaint === '' ? how : `${how}: ${complaint.trim()}`);
    });
  });

  return {
    pid: child.pid,
    input: child.stdin,
    write: (bytes) => child.stdin.write(bytes),
    async close() {
      // 'close' is emitted when the process and its streams have ended. Keep the service alive
      // until then.
      child.ref();
      for (const stream of streamsOf(child)) stream.ref();
      child.stdin.end();
      await gone;
    },
    kill: () => child.kill('SIGKILL'),
  };
}

function notStarted(fault: Promise<unknown>, events: PythonHelperEvents): PythonHelper {
  const reported = fault.then((error) => {
    events.onEnd(error instanceof Error ? error.message : String(error), systemCode(error));
  });
  return { pid: undefined, input: new PassThrough().resume(), write: () => {}, kill: () => {}, close: () => reported };
}

type WithStreams = ChildProcessByStdio<Writable, Readable, Readable>;

function hasStreams(child: ChildProcess): child is WithStreams {
  // In spite of their type the streams are undefined if they were not created.
  return Boolean(child.stdin && child.stdout && child.stderr);
}

function letProcessEnd(child: WithStreams): void {
  child.unref();
  for (const stream of streamsOf(child)) stream.unref();
}

function streamsOf({ stdin, stdout, stderr }: WithStreams): Socket[] {
  return [stdin, stdout, stderr].filter((stream) => stream instanceof Socket);
}
