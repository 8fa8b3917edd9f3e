import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, readFile, readlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { makeOwnFolder, ownFolder } from '../host/own-folder.ts';
import { readProcess } from './process-table.ts';

/**
 * The record of a run or of a launcher is a file in a folder that only the service's user can write
 * to. A later service uses it to find what is left of the run. It does not use what a process says
 * about itself, such as its environment.
 *
 * created (before the start) -> complete (the leader is recorded) -> removed (the run has ended)
 *
 * The first line is JSON and names the service and the account. The second line names the leader:
 * `PID EARLIEST LATEST`, with the bounds of its start time in clock ticks since boot. The launcher
 * writes the same format (launcher.py). Every process of a script inherits the file, open for
 * reading only, at RECORD_DESCRIPTOR.
 */
export interface RunRecord {
  readonly file: string;
  /** The boot id of the system. Pids and start times are valid within one boot only. */
  readonly boot: string;
  /** The pid namespace in which the pids are valid. */
  readonly namespace: string;
  readonly service: ProcessIdentity;
  /** The base of the service's accounts. */
  readonly base: string;
  /** The account of the script; undefined in the record of a launcher. */
  readonly account?: ScriptAccount | undefined;
  /**
   * The process that leads the session and the process group of the run. undefined: the service or
   * launcher that started the run died before it recorded the leader.
   */
  readonly leader: Leader | undefined;
}

/** Identifies one process within a boot and a pid namespace. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
}

/** A process that started between the two times (inclusive). That also identifies one process. */
interface Leader {
  readonly pid: number;
  readonly earliest: number;
  readonly latest: number;
}

/** The account that a script works on. */
export interface ScriptAccount {
  readonly uid: string;
  readonly entryUUID?: string | undefined;
  readonly dn: string;
}

/** A record that is to be created, with the text of its first line. */
export interface RecordDraft {
  readonly file: string;
  readonly text: string;
}

/**
 * The number of the record's descriptor in a script. Shells use lower numbers, by themselves and by
 * custom.
 */
export const RECORD_DESCRIPTOR = 57;

const FOLDER = 'runs';
/** Incremented when the meaning of the content changes. */
const FORMAT = 1;
/** The size limit of a record, in bytes. */
const MOST_BYTES = 1024 * 1024;
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

const identity = z.object({ pid: z.number(), startedAt: z.string() });
const schema = z.object({
  format: z.literal(FORMAT),
  boot: z.string(),
  namespace: z.string(),
  service: identity,
  base: z.string(),
  account: z.object({ uid: z.string(), entryUUID: z.string().optional(), dn: z.string() }).optional(),
});

/**
 * Drafts the records of this process. Call `prepare` first.
 *
 *   unprepared -> prepared (`prepare`) -> unprepared (`recordFailed`: the folder is gone)
 */
export class RunRecords {
  readonly #base: string;
  /** Random, so that nobody can guess the name of a record and create the file first. */
  readonly #token = randomUUID();
  #count = 0;
  #folder = '';
  #head: object = {};
  #prepared: Promise<void> | undefined;

  constructor(base: string) {
    this.#base = base;
  }

  /**
   * Creates the folder if it is missing. After the first success it does nothing more. Rejects with
   * a HostFault if the folder is not safe.
   */
  prepare(): Promise<void> {
    this.#prepared ??= this.#prepare().catch((error: unknown) => {
      this.#prepared = undefined;
      throw error;
    });
    return this.#prepared;
  }

  /**
   * To be called if a record could not be created. After ENOENT the next `prepare` creates the
   * folder again.
   */
  recordFailed(code: string): void {
    if (code === 'ENOENT') this.#prepared = undefined;
  }

  async #prepare(): Promise<void> {
    const folder = await runFolder();
    await makeOwnFolder(folder);
    this.#head = { format: FORMAT, ...(await pidScope()), service: await thisProcess(), base: this.#base };
    this.#folder = folder;
  }

  /** A draft for a run; without an account, for a launcher. */
  draft(account?: ScriptAccount): RecordDraft {
    const file = join(this.#folder, `${this.#token}.${++this.#count}`);
    return { file, text: `${JSON.stringify({ ...this.#head, account })}\n` };
  }
}

/** The folder of the records of all services of this user. */
export function runFolder(): Promise<string> {
  return ownFolder(FOLDER);
}

/** The boot and the pid namespace in which this process's pids are valid; empty without /proc. */
export async function pidScope(): Promise<{ readonly boot: string; readonly namespace: string }> {
  const [boot, namespace] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ]);
  return { boot: boot.trim(), namespace };
}

async function thisProcess(): Promise<ProcessIdentity> {
  return { pid: process.pid, startedAt: (await readProcess(process.pid))?.startedAt ?? '' };
}

/** All readable records in a folder. Files in another format are ignored. */
export async function listRecords(folder: string): Promise<RunRecord[]> {
  const names = await readdir(folder).catch(() => []);
  const records = await Promise.all(names.map((name) => readRecord(join(folder, name))));
  return records.filter((record) => record !== undefined);
}

/**
 * Reads a record. undefined: there is no valid record, or it belongs to another user. Never
 * rejects.
 */
export async function readRecord(file: string): Promise<RunRecord | undefined> {
  const text = await readOwnFile(file).catch(() => undefined);
  const [first = '', second = ''] = text?.split('\n') ?? [];
  const leading = /^(\d+) (\d+) (\d+)$/.exec(second)?.slice(1).map(Number);
  try {
    const { format, ...head } = schema.parse(JSON.parse(first));
    const [pid, earliest, latest] = leading ?? [];
    const hasLeader = pid !== undefined && earliest !== undefined && latest !== undefined;
    return { ...head, file, leader: hasLeader ? { pid, earliest, latest } : undefined };
  } catch {
    return undefined;
  }
}

async function readOwnFile(file: string): Promise<string | undefined> {
  const handle = await open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const { uid, size } = await handle.stat();
    return uid === process.geteuid?.() && size <= MOST_BYTES ? await handle.readFile('utf8') : undefined;
  } finally {
    await handle.close();
  }
}

/** Creates the record of a run before its start. Rejects if the file exists. */
export async function makeRecord({ file, text }: RecordDraft): Promise<FileHandle> {
  const handle = await open(file, 'wx', 0o600);
  await handle.appendFile(text);
  return handle;
}

/** Records the leader, a child of this process that has not been reaped yet. */
export async function writeLeader(handle: FileHandle, pid: number): Promise<void> {
  const leader = await readProcess(pid);
  if (leader !== undefined) await handle.appendFile(`${pid} ${leader.startedAt} ${leader.startedAt}\n`);
}

/** To be called when the run has ended. Never rejects. */
export async function removeRecord(file: string): Promise<void> {
  await unlink(file).catch(() => {}); // removed already
}
