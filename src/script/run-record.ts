import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readlinkSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { valueIn } from './owner.ts';

/**
 * The record of a run: a file without a name, which every process of a script inherits, so that a service which finds the process
 * knows what it is, whatever that has made of its environment. It dies with the last of them.
 *
 * Lines with NUL behind each: the script's environment as it was given, and as they become true
 *   PROV_GROUP=N   it runs; N is its process group
 *   PROV_ENDED=1   it has ended, and its service knows; what it left in the background is nobody's any more
 *
 * The launcher writes the same (launcher.py).
 */
export interface RunRecord {
  readonly descriptor: number;
  started(group: number): void;
  /** Nothing more is to be written; `ended`: by itself, rather than by its runner. */
  close(ended: boolean): void;
}

/** The number of the record's descriptor in a script: high enough that no shell takes it by itself or by habit. */
export const RECORD_DESCRIPTOR = 57;

const NAME = 'prov-backup-rsnapshot';
/** What `/proc/PID/fd/N` of a record leads to: memfd_create(2) in the launcher, a removed file here. */
const LINK = new RegExp(`/(?:memfd:)?${NAME}(?:-[0-9a-f]+)? \\(deleted\\)$`);
/** The most that a script's environment takes; whoever makes such a file himself shall not fill our memory. */
const MOST_BYTES = 1024 * 1024;

/** A record for a script with this environment; undefined where no temporary file can be made: the run is then found by its environment. */
export function openRecord(environment: Readonly<Record<string, string>>): RunRecord | undefined {
  const path = join(tmpdir(), `${NAME}-${randomBytes(8).toString('hex')}`);
  let descriptor: number;
  try {
    descriptor = openSync(path, 'wx+', 0o600);
  } catch {
    return undefined;
  }
  const write = (lines: readonly string[]): void => {
    try {
      writeSync(descriptor, lines.map((line) => `${line}\0`).join(''));
    } catch {
      // A full disk must not stop the script.
    }
  };
  try {
    unlinkSync(path);
  } catch {
    // Somebody cleans up.
  }
  write(Object.entries(environment).map(([name, value]) => `${name}=${value}`));
  return {
    descriptor,
    started: (group) => write([`PROV_GROUP=${group}`]),
    close(ended) {
      if (ended) write(['PROV_ENDED=1']);
      closeSync(descriptor);
    },
  };
}

/** What the record says that a process has inherited. */
export interface Recorded {
  readonly environment: readonly string[];
  /** The script's process group; undefined where nobody lived to write it down. */
  readonly group: number | undefined;
  readonly ended: boolean;
}

/** The record of a process; undefined where it has none, or it may not be read. */
export function readRecord(pid: number): Recorded | undefined {
  const path = `/proc/${pid}/fd/${RECORD_DESCRIPTOR}`;
  if (!existsSync(path)) return undefined; // nearly all processes; an exception would cost three times as much
  let text: string;
  try {
    if (!LINK.test(readlinkSync(path))) return undefined;
    text = readBounded(path);
  } catch {
    return undefined;
  }
  const lines = text.split('\0');
  const group = valueIn(lines, 'PROV_GROUP');
  return {
    environment: lines,
    group: group === undefined ? undefined : Number(group),
    ended: lines.includes('PROV_ENDED=1'),
  };
}

function readBounded(path: string): string {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const size = Math.min(fstatSync(descriptor).size, MOST_BYTES);
    const bytes = Buffer.alloc(size);
    return bytes.toString('utf8', 0, readSync(descriptor, bytes, 0, size, 0));
  } finally {
    closeSync(descriptor);
  }
}
