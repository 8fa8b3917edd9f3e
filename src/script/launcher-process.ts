import { fileURLToPath } from 'node:url';
import { startPythonHelper } from '../host/python-helper.ts';
import type { LeftOut } from './output-lines.ts';
import type { RecordDraft } from './run-record.ts';
import type { OutputStream } from './runner.ts';

/**
 * A launcher: a small process that starts scripts on request. To fork this process instead would
 * cost a millisecond of its main thread for each script.
 *
 * A request, with numbers of 32 bits, big-endian: its length, an id, the grace in milliseconds, the
 * deadline (of 64 bits), the number of arguments, the number of strings; then each string as its
 * length and its bytes: the arguments, the environment as NAME=VALUE, the file and the text of the
 * record, the standard input. A request without strings has a new deadline for the run with its
 * id; with the id 0 it asks whether the launcher answers.
 *
 * At the deadline, in milliseconds of CLOCK_BOOTTIME, the launcher kills the script's process group
 * itself, as the service may be stopped. It starts nothing after the deadline. 0: there is none.
 *
 * A frame: its type (1 byte), the id, the length, the data. The types:
 *   H  ready; precedes every other frame
 *   S  started; data: the pid, which is also the process group. It comes with the next frame, or
 *      after 5 ms
 *   O  bytes of stdout
 *   E  bytes of stderr
 *   F  not started; data: errno
 *   R  no record could be made; data: errno
 *   B  the answer to a request without strings
 *   X  ended; data: the wait status, the lines and bytes of output that were left out, and 1 if
 *      other processes of its group live on. Then the record remains; else it is removed already.
 */
export interface LauncherProcess {
  start(request: LaunchRequest): void;
  /** Gives a run another deadline. */
  extend(id: number, deadline: number): void;
  /** Asks for an `onBeat`. */
  beat(): void;
  /** Ends the launcher, and the groups of the scripts that still run. Resolves when it is gone. */
  close(): Promise<void>;
  /** Ends a launcher that does not answer. `onEnd` follows. */
  kill(): void;
}

interface LaunchRequest {
  readonly id: number;
  readonly killGraceMilliseconds: number;
  /** In milliseconds of CLOCK_BOOTTIME; 0: none. */
  readonly deadline: number;
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
  /**
   * `status` is that of wait(2). If other processes of its group `outlived` it, the service has to
   * remove the record.
   */
  onExited(id: number, status: number, leftOut: LeftOut, outlived: boolean): void;
  /**
   * The launcher has ended, and all its output was read. `code` is set if the system refused to
   * start it. Called once.
   */
  onEnd(reason: string, code?: string): void;
}

const PROGRAM = fileURLToPath(new URL('./launcher.py', import.meta.url));
const FRAME_HEAD_BYTES = 9;

/** `record`: that of the launcher itself. */
export function startLauncher(interpreter: string, record: RecordDraft, events: LauncherEvents): LauncherProcess {
  const helper = startPythonHelper(
    { interpreter, title: 'launcher', program: PROGRAM, args: [record.file, record.text] },
    { onData: frameReader(events), onEnd: events.onEnd },
  );
  return {
    start: ({ id, killGraceMilliseconds, deadline, argv, env, record, stdin }) => {
      const environment = Object.entries(env).map(([name, value]) => `${name}=${value}`);
      const strings = [...argv, ...environment, record.file, record.text, stdin];
      helper.write(encodeRequest([id, killGraceMilliseconds, deadline, argv.length], strings));
    },
    extend: (id, deadline) => helper.write(encodeRequest([id, 0, deadline, 0], [])),
    beat: () => helper.write(encodeRequest([0, 0, 0, 0], [])),
    close: () => helper.close(),
    kill: () => helper.kill(),
  };
}

/**
 * A request as the launcher reads it: id, grace, deadline and number of arguments, then its
 * strings.
 */
export function encodeRequest(
  [id, grace, deadline, argumentCount]: readonly [number, number, number, number],
  strings: ReadonlyArray<string | Buffer>,
): Buffer {
  let length = 24;
  for (const value of strings) length += 4 + Buffer.byteLength(value);
  const request = Buffer.allocUnsafe(4 + length);
  let at = 0;
  for (const number of [length, id, grace]) at = request.writeUInt32BE(number, at);
  at = request.writeBigUInt64BE(BigInt(deadline), at);
  for (const number of [argumentCount, strings.length]) at = request.writeUInt32BE(number, at);
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
