import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { LeftOut } from './output-lines.ts';
import { BASE_VARIABLE, OWNER_VARIABLE, ownerMark } from './owner.ts';
import type { OutputStream } from './runner.ts';

/**
 * One launcher: a small process that starts scripts on request, as forking this one costs a millisecond of its main thread
 * for each script.
 *
 * A request, all numbers 32 bits, big-endian: its length · id · grace in milliseconds · number of arguments · number of strings
 * · each string as length and bytes: the arguments, the environment as NAME=VALUE, the standard input. Without strings it is the
 * answer to an X that speaks of others: in place of the grace 1 where the run ended by itself, 0 where its runner ended it.
 * A frame: type (1 byte) · id · length · data:
 *   H  ready, before any request is read          S  started; data: pid, which is also the process group
 *   O  bytes of stdout      E  bytes of stderr    F  not started; data: errno
 *   X  ended; data: wait status, the lines and bytes of output that were left out, 1 where others of its process group live on
 */
export interface LauncherProcess {
  start(request: LaunchRequest): void;
  /** Tells how a run came to its end that others of its group outlived: by itself, or by its runner. */
  settle(id: number, byItself: boolean): void;
  /** Ends the launcher, and the groups of the scripts that still run. Resolves when it is gone. */
  close(): Promise<void>;
  /** For a launcher that does not answer: what it ran is then told by `onEnd`. */
  kill(): void;
}

export interface LaunchRequest {
  readonly id: number;
  readonly killGraceMilliseconds: number;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string | Buffer;
}

export interface LauncherEvents {
  onReady(): void;
  onStarted(id: number, group: number): void;
  onOutput(id: number, stream: OutputStream, chunk: Buffer): void;
  onNotStarted(id: number, errno: number): void;
  /** `status` as wait(2) gives it. Where others of its group `outlived` it, `settle` is to follow. */
  onExited(id: number, status: number, leftOut: LeftOut, outlived: boolean): void;
  /** The launcher is gone, after everything that it still said; `reason` in words. Comes once. */
  onEnd(reason: string): void;
}

const PROGRAM = fileURLToPath(new URL('./launcher.py', import.meta.url));
/** Nothing of the host's own Python is loaded, nothing written: half the time that a start takes. */
const ALONE = ['-I', '-S', '-B'];
/** Where the interpreter is looked for when the service itself was started without PATH. */
const DEFAULT_PATH = '/usr/bin:/bin';
const FRAME_HEAD_BYTES = 9;
/** What of the launcher's complaints is kept: the end. */
const MOST_COMPLAINT = 500;

/** `base`: below which the accounts of the service are; its environment says so, and whose launcher it is (owner.ts). */
export function startLauncher(interpreter: string, base: string, events: LauncherEvents): LauncherProcess {
  // A group of its own: a Ctrl-C in the service's terminal is the service's to handle.
  const child = spawn(interpreter, [...ALONE, PROGRAM], {
    argv0: 'prov-backup-rsnapshot: launcher',
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    cwd: '/',
    env: {
      PATH: process.env['PATH'] || DEFAULT_PATH,
      LC_ALL: 'C',
      [OWNER_VARIABLE]: ownerMark(),
      [BASE_VARIABLE]: base,
    },
  });
  letProcessEnd(child);

  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString('utf8')).slice(-MOST_COMPLAINT);
  });
  child.stdin.on('error', () => {}); // EPIPE: its end is told by 'close'
  child.stdout.on('data', frameReader(events));

  const gone = new Promise<void>((resolve) => {
    let ended = false;
    const end = (reason: string) => {
      if (ended) return;
      ended = true;
      events.onEnd(reason);
      resolve();
    };
    child.on('error', (error) => end(error.message));
    child.on('close', (code, signal) => {
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
      end(complaint === '' ? how : `${how}: ${complaint.trim()}`);
    });
  });

  return {
    start: ({ id, killGraceMilliseconds, argv, env, stdin }) => {
      const environment = Object.entries(env).map(([name, value]) => `${name}=${value}`);
      child.stdin.write(encodeRequest([id, killGraceMilliseconds, argv.length], [...argv, ...environment, stdin]));
    },
    settle: (id, byItself) => child.stdin.write(encodeRequest([id, byItself ? 1 : 0, 0], [])),
    async close() {
      child.ref();
      child.stdin.end();
      await gone;
    },
    kill: () => child.kill('SIGKILL'),
  };
}

/** A launcher that waits for requests does not keep the service alive. */
function letProcessEnd(child: ChildProcessByStdio<Writable, Readable, Readable>): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    if (stream instanceof Socket) stream.unref();
  }
}

/** A request as the launcher reads it: id, grace and number of arguments, then its strings. */
export function encodeRequest(
  head: readonly [number, number, number],
  strings: ReadonlyArray<string | Buffer>,
): Buffer {
  let length = 16;
  for (const value of strings) length += 4 + Buffer.byteLength(value);
  const request = Buffer.allocUnsafe(4 + length);
  let at = 0;
  for (const number of [length, ...head, strings.length]) {
    at = request.writeUInt32BE(number, at);
  }
  for (const value of strings) {
    const start = at + 4;
    const size = typeof value === 'string' ? request.write(value, start) : value.copy(request, start);
    request.writeUInt32BE(size, at);
    at = start + size;
  }
  return request;
}

/** Reads frames out of chunks, however they are cut. */
export function frameReader(events: LauncherEvents): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= FRAME_HEAD_BYTES) {
      const end = at + FRAME_HEAD_BYTES + bytes.readUInt32BE(at + 5);
      if (bytes.length < end) break;
      takeFrame(events, bytes[at] ?? 0, bytes.readUInt32BE(at + 1), bytes.subarray(at + FRAME_HEAD_BYTES, end));
      at = end;
    }
    rest = bytes.subarray(at);
  };
}

function takeFrame(events: LauncherEvents, type: number, id: number, data: Buffer): void {
  switch (String.fromCharCode(type)) {
    case 'H':
      events.onReady();
      return;
    case 'S':
      events.onStarted(id, Number(data.toString('latin1')));
      return;
    case 'O':
      events.onOutput(id, 'stdout', data);
      return;
    case 'E':
      events.onOutput(id, 'stderr', data);
      return;
    case 'F':
      events.onNotStarted(id, Number(data.toString('latin1')));
      return;
    case 'X': {
      const [status = 0, lines = 0, bytes = 0, outlived = 0] = data.toString('latin1').split(' ').map(Number);
      events.onExited(id, status, { lines, bytes }, outlived === 1);
      return;
    }
  }
}
