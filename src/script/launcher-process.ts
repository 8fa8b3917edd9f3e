import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { errorCode } from './locate.ts';
import type { LeftOut } from './output-lines.ts';
import type { RecordDraft } from './run-record.ts';
import type { OutputStream } from './runner.ts';

/**
 * One launcher: a small process that starts scripts on request, as forking this one costs a millisecond of its main thread
 * for each script.
 *
 * A request, all numbers 32 bits, big-endian: its length · id · grace in milliseconds · number of arguments · number of strings
 * · each string as length and bytes: the arguments, the environment as NAME=VALUE, the record's file and text, the standard input.
 * A request without strings asks whether the launcher is there.
 * A frame: type (1 byte) · id · length · data:
 *   H  ready, before any request is read          S  started; data: pid, which is also the process group
 *   O  bytes of stdout      E  bytes of stderr    F  not started; data: errno     R  no record could be made; data: errno
 *   B  the answer to a request without strings
 *   X  ended; data: wait status, the lines and bytes of output that were left out, 1 where others of its process group live on,
 *      and with them the record; where none does, it is removed already
 */
export interface LauncherProcess {
  start(request: LaunchRequest): void;
  /** Asks for an `onBeat`. */
  beat(): void;
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
  readonly record: RecordDraft;
  readonly stdin: string | Buffer;
}

export interface LauncherEvents {
  onReady(): void;
  onStarted(id: number, group: number): void;
  onOutput(id: number, stream: OutputStream, chunk: Buffer): void;
  onNotStarted(id: number, errno: number): void;
  onNotRecorded(id: number, errno: number): void;
  onBeat(): void;
  /** `status` as wait(2) gives it. Where others of its group `outlived` it, the record is left to the service. */
  onExited(id: number, status: number, leftOut: LeftOut, outlived: boolean): void;
  /**
   * The launcher is gone, after everything that it still said; `reason` in words, `code` where the system refused to start it.
   * Comes once.
   */
  onEnd(reason: string, code?: string): void;
}

const PROGRAM = fileURLToPath(new URL('./launcher.py', import.meta.url));
/** Nothing of the host's own Python is loaded, nothing written: half the time that a start takes. */
const ALONE = ['-I', '-S', '-B'];
/** Where the interpreter is looked for when the service itself was started without PATH. */
const DEFAULT_PATH = '/usr/bin:/bin';
const FRAME_HEAD_BYTES = 9;
/** What of the launcher's complaints is kept: the end. */
const MOST_COMPLAINT = 500;

/** `record`: that of the launcher itself. */
export function startLauncher(interpreter: string, record: RecordDraft, events: LauncherEvents): LauncherProcess {
  // A group of its own: a Ctrl-C in the service's terminal is the service's to handle.
  let child: ChildProcess;
  try {
    child = spawn(interpreter, [...ALONE, PROGRAM, record.file, record.text], {
      argv0: 'prov-backup-rsnapshot: launcher',
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      cwd: '/',
      env: { PATH: process.env['PATH'] || DEFAULT_PATH, LC_ALL: 'C' },
    });
  } catch (error) {
    return notStarted(Promise.resolve(error), events);
  }
  // Where descriptors are short, Node.js makes no streams and says why a little later.
  if (!hasStreams(child))
    return notStarted(
      once(child, 'error').then(([error]) => error),
      events,
    );
  return speakWith(child, events);
}

function speakWith(child: WithStreams, events: LauncherEvents): LauncherProcess {
  letProcessEnd(child);

  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString('utf8')).slice(-MOST_COMPLAINT);
  });
  child.stdin.on('error', () => {}); // EPIPE: its end is told by 'close'
  child.stdout.on('data', frameReader(events));

  const gone = new Promise<void>((resolve) => {
    let ended = false;
    const end = (reason: string, code?: string) => {
      if (ended) return;
      ended = true;
      events.onEnd(reason, code);
      resolve();
    };
    child.on('error', (error) => end(error.message, errorCode(error)));
    child.on('close', (code, signal) => {
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
      end(complaint === '' ? how : `${how}: ${complaint.trim()}`);
    });
  });

  return {
    start: ({ id, killGraceMilliseconds, argv, env, record, stdin }) => {
      const environment = Object.entries(env).map(([name, value]) => `${name}=${value}`);
      const strings = [...argv, ...environment, record.file, record.text, stdin];
      child.stdin.write(encodeRequest([id, killGraceMilliseconds, argv.length], strings));
    },
    beat: () => child.stdin.write(encodeRequest([0, 0, 0], [])),
    async close() {
      // Its end is told when it has ended and its streams have: until then both keep the process.
      child.ref();
      for (const stream of streamsOf(child)) stream.ref();
      child.stdin.end();
      await gone;
    },
    kill: () => child.kill('SIGKILL'),
  };
}

function notStarted(fault: Promise<unknown>, events: LauncherEvents): LauncherProcess {
  const told = fault.then((error) => {
    events.onEnd(error instanceof Error ? error.message : String(error), errorCode(error));
  });
  return { start: () => {}, beat: () => {}, kill: () => {}, close: () => told };
}

type WithStreams = ChildProcessByStdio<Writable, Readable, Readable>;

function hasStreams(child: ChildProcess): child is WithStreams {
  // Undefined, whatever the type says, where they were not made.
  return Boolean(child.stdin && child.stdout && child.stderr);
}

/** A launcher that waits for requests does not keep the service alive. */
function letProcessEnd(child: WithStreams): void {
  child.unref();
  for (const stream of streamsOf(child)) stream.unref();
}

function streamsOf({ stdin, stdout, stderr }: WithStreams): Socket[] {
  return [stdin, stdout, stderr].filter((stream) => stream instanceof Socket);
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
    case 'R':
      events.onNotRecorded(id, Number(data.toString('latin1')));
      return;
    case 'B':
      events.onBeat();
      return;
    case 'X': {
      const [status = 0, lines = 0, bytes = 0, outlived = 0] = data.toString('latin1').split(' ').map(Number);
      events.onExited(id, status, { lines, bytes }, outlived === 1);
      return;
    }
  }
}
