import { fileURLToPath } from 'node:url';
import { startPythonHelper } from '../host/python-helper.ts';
import type { LeftOut } from './output-lines.ts';
import type { RecordDraft } from './run-record.ts';
import type { OutputStream } from './runner.ts';

/**
 * A launcher is a small process that starts scripts on request. A fork of the service itself, a
 * large process, would block its main thread for a millisecond at each script.
 *
 * The service sends requests. Their numbers are of 32 bits, big-endian. A request consists of its
 * length, an id, the grace in milliseconds, the deadline (of 64 bits), the number of arguments and
 * the number of strings. Then each string follows, as its length and its bytes: the arguments, the
 * environment as NAME=VALUE, the file and the text of the record, and the standard input. A request
 * without strings carries a new deadline for the run with its id. With the id 0 it is a heartbeat,
 * which the launcher answers.
 *
 * The deadline is in milliseconds of CLOCK_BOOTTIME; 0 means that there is none. At the deadline
 * the launcher itself kills the script's process group, because the service may be stopped. It
 * starts nothing after the deadline.
 *
 * The launcher sends frames. A frame consists of its type (1 byte), the id, the length and the
 * data. The types are:
 *   H  ready; precedes every other frame
 *   S  started; data: the pid, which is also the process group. It is sent with the next frame,
 *      or after 5 ms
 *   O  bytes of stdout
 *   E  bytes of stderr
 *   F  not started; data: errno
 *   R  the record could not be created; data: errno
 *   B  the answer to a request without strings
 *   X  ended; data: the wait status, the lines and bytes of output that were left out, and 1 if
 *      other processes of the script's group are still alive. In that case the record remains,
 *      otherwise the launcher has removed it.
 */
export interface LauncherProcess {
  start(request: LaunchRequest): void;
  /** Changes the deadline of a run. */
  extend(id: number, deadline: number): void;
  /** Sends a heartbeat. `onBeat` is called when the answer arrives. */
  beat(): void;
  /**
   * Ends the launcher, and the groups of the scripts that still run. Resolves when the launcher is
   * gone.
   */
  close(): Promise<void>;
  /** Kills a launcher that does not answer. `onEnd` follows. */
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
   * The script has ended. `status` is that of wait(2). If other processes of its group `outlived`
   * the script, the service has to remove the record.
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

/** Starts a launcher. `record` is the run record of the launcher itself. */
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
 * Encodes a request: id, grace, deadline, number of arguments and number of strings, then the
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

/** Returns a function that reads frames out of chunks, wherever the chunks divide them. */
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
