import { close, constants, fstat, open, read, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { systemCode } from './host-fault.ts';

/** A file cannot be read. `given` says what is at its path. */
export class InputFault extends Error {
  override readonly name = 'InputFault';
  /** A noun phrase, such as `no file`, `a folder` or `a file of more than 1 MiB`. */
  readonly given: string;
  /**
   * The code of the system error, such as ENOENT. undefined: the service refuses the file, not the
   * system.
   */
  readonly code: string | undefined;

  constructor(path: string, given: string, cause?: unknown) {
    const code = systemCode(cause);
    const words = code === undefined || given.includes(code) ? given : `${given} (${code})`;
    super(`${path} is ${words}`, cause === undefined ? undefined : { cause });
    this.given = given;
    this.code = code;
  }
}

/**
 * The default size limit in bytes. Inputs are texts that were written for the service, and none of
 * them needs more.
 */
const LARGEST_INPUT = 1024 * 1024;

/**
 * Matches the path of a descriptor that this process has had since its start. A shell passes such a
 * path for `-c <(...)`; `/dev/stdin` names one if the input is a pipe.
 */
const HANDED_OVER = /^\/(?:dev\/stdin|dev\/fd\/\d+|proc\/self\/fd\/\d+)$/;

const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** A file that is open for reading. */
export interface Input {
  /** Reads the content piece by piece, once. The iteration may fail with a system error. */
  bytes(): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/**
 * Opens a file for reading. It may be a regular file, also through a symbolic link, or a pipe that
 * this process has had as a descriptor since its start. A named pipe, a device or a socket is
 * refused without waiting for it. Rejects with an InputFault.
 */
export async function openInput(path: string): Promise<Input> {
  const { descriptor, status } = await hold(path);
  if (status.isFile()) return { bytes: () => piecesOf(descriptor, 0), close: () => promisify(close)(descriptor) };
  const pipe = pipeOf(descriptor);
  return { bytes: () => pipe, close: async () => void pipe.destroy() };
}

/** Reads a whole file. Rejects with an InputFault, also if it has more than `mostBytes`. */
export async function readInput(path: string, mostBytes: number = LARGEST_INPUT): Promise<Buffer> {
  const input = await openInput(path);
  try {
    return await collect(path, input.bytes(), mostBytes);
  } finally {
    await input.close();
  }
}

/**
 * Checks whether a file can be read, without reading it. Rejects with an InputFault, also if it has
 * more than `mostBytes`.
 */
export async function lookAtInput(path: string, mostBytes: number = LARGEST_INPUT): Promise<void> {
  const { descriptor, status } = await hold(path);
  await promisify(close)(descriptor);
  if (status.size > mostBytes) throw tooLarge(path, mostBytes);
}

/**
 * Reads the rest of a descriptor that this process has had since its start. A pipe or socket is
 * closed afterwards. Rejects with an InputFault, also if there are more than `mostBytes`.
 */
export async function readDescriptor(descriptor: number, mostBytes: number = LARGEST_INPUT): Promise<Buffer> {
  const name = `file descriptor ${descriptor}`;
  const status = await promisify(fstat)(descriptor).catch((cause: unknown) => {
    throw refused(name, cause);
  });
  if (status.isFile()) return collect(name, piecesOf(descriptor, null), mostBytes);
  if (!status.isFIFO() && !status.isSocket()) throw new InputFault(name, kindOf(status));
  return collect(name, pipeOf(descriptor), mostBytes);
}

async function hold(path: string): Promise<{ readonly descriptor: number; readonly status: Stats }> {
  let descriptor: number | undefined;
  try {
    descriptor = await promisify(open)(path, FLAGS, 0);
    const status = await promisify(fstat)(descriptor);
    if (status.isFile() || (status.isFIFO() && HANDED_OVER.test(path))) return { descriptor, status };
    throw new InputFault(path, kindOf(status));
  } catch (error) {
    if (descriptor !== undefined) await promisify(close)(descriptor);
    throw refused(path, error);
  }
}

/** The size of the pieces in which a file is read. Larger pieces are not faster. */
const PIECE_BYTES = 256 * 1024;

/**
 * Reads a regular file from the offset `from`. If that is null, it reads from the current offset of
 * the descriptor.
 */
async function* piecesOf(descriptor: number, from: number | null): AsyncGenerator<Buffer> {
  for (let at = from; ; ) {
    const { bytesRead, buffer } = await promisify(read)(
      descriptor,
      Buffer.allocUnsafe(PIECE_BYTES),
      0,
      PIECE_BYTES,
      at,
    );
    if (bytesRead === 0) return;
    if (at !== null) at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/**
 * Reads a pipe as a socket. Otherwise a thread would wait in read(2) and keep the process from
 * ending.
 */
function pipeOf(descriptor: number): Socket {
  return new Socket({ fd: descriptor, readable: true, writable: false });
}

async function collect(name: string, pieces: AsyncIterable<Buffer>, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of pieces) {
      length += chunk.length;
      if (length > mostBytes) throw tooLarge(name, mostBytes);
      chunks.push(chunk);
    }
  } catch (error) {
    throw refused(name, error);
  }
  return Buffer.concat(chunks);
}

const REFUSALS: Readonly<Record<string, string>> = {
  ENOENT: 'no file',
  EACCES: 'a file that may not be read',
  ENXIO: 'a socket or a device without a driver',
};

function refused(name: string, error: unknown): InputFault {
  if (error instanceof InputFault) return error;
  const code = systemCode(error) ?? String(error);
  return new InputFault(name, REFUSALS[code] ?? `a file in error (${code})`, error);
}

function tooLarge(name: string, mostBytes: number): InputFault {
  return new InputFault(name, `a file of more than ${sizeWords(mostBytes)}`);
}

/** Names the kind of a file that is not regular, as a noun phrase. */
export function kindOf(status: Stats): string {
  if (status.isDirectory()) return 'a folder';
  if (status.isFIFO()) return 'a named pipe';
  if (status.isSocket()) return 'a socket';
  if (status.isSymbolicLink()) return 'a symbolic link';
  return 'a device';
}

/** A size in words, such as `64 KiB` or `1 MiB`. */
export function sizeWords(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${bytes / (1024 * 1024)} MiB` : `${bytes / 1024} KiB`;
}
