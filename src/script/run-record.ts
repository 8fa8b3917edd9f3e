import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, readFile, readlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { makeOwnFolder, ownFolder } from '../host/own-folder.ts';
import { readProcess } from './process-table.ts';

/**
 * The record of a run: a file in a folder of the service's user alone, by which a later service knows what is left of the run.
 * Nothing that a process says of itself counts beside it. A launcher has one, too.
 *
 *   made (before the script is started) -> led (the leader is written down, right after that) -> removed (the run has ended)
 *
 * The first line says whose it is, as JSON; the second one, which process leads: `PID EARLIEST LATEST`, with the bounds of the
 * time of its start. The launcher writes the same (launcher.py). Every process of a script inherits the file, for reading only, at RECORD_DESCRIPTOR.
 */
export interface RunRecord {
  readonly file: string;
  /** When the system was started, by its boot id: pids and their times mean nothing in another one. */
  readonly boot: string;
  /** The pid namespace that the pids are of. */
  readonly namespace: string;
  readonly service: ProcessIdentity;
  /** Below which the accounts of the service are. */
  readonly base: string;
  /** For whom the script runs; undefined in the record of a launcher. */
  readonly account?: ScriptAccount | undefined;
  /** Leads a session and a process group of its own; undefined where nobody lived to write it down. */
  readonly leader: Leader | undefined;
}

/** One process, for good. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
}

/** Started between the two times, both included: with the pid, that names one process for good as well. */
export interface Leader {
  readonly pid: number;
  readonly earliest: number;
  readonly latest: number;
}

/** An account as its scripts are told it. */
export interface ScriptAccount {
  readonly uid: string;
  readonly entryUUID?: string | undefined;
  readonly dn: string;
}

/** What is to stand in a record before its process is started. */
export interface RecordDraft {
  readonly file: string;
  readonly text: string;
}

/** The number of the record's descriptor in a script: high enough that no shell takes it by itself or by habit. */
export const RECORD_DESCRIPTOR = 57;

const FOLDER = 'runs';
/** Changed when what is written comes to mean something else. */
const FORMAT = 1;
/** More than any record has. */
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

/** The records that this process makes. */
export class RunRecords {
  readonly #base: string;
  /** Nobody can guess the name of a record, or take it first. */
  readonly #token = randomUUID();
  #count = 0;
  #folder = '';
  #head: object = {};
  #prepared: Promise<void> | undefined;

  constructor(base: string) {
    this.#base = base;
  }

  /** Makes the folder where it is missing, once. Rejects with a HostFault where that is not safe. To be called before a draft. */
  prepare(): Promise<void> {
    this.#prepared ??= this.#prepare().catch((error: unknown) => {
      this.#prepared = undefined;
      throw error;
    });
    return this.#prepared;
  }

  /** A record could not be made: where the folder is gone, the next one has it made again. */
  recordFailed(code: string): void {
    if (code === 'ENOENT') this.#prepared = undefined;
  }

  async #prepare(): Promise<void> {
    const folder = await runFolder();
    await makeOwnFolder(folder);
    this.#head = { format: FORMAT, ...(await pidScope()), service: await thisProcess(), base: this.#base };
    this.#folder = folder;
  }

  /** For a new run, or a launcher where there is no account. */
  draft(account?: ScriptAccount): RecordDraft {
    const file = join(this.#folder, `${this.#token}.${++this.#count}`);
    return { file, text: `${JSON.stringify({ ...this.#head, account })}\n` };
  }
}

/** Where the records of all services of this user are. */
export function runFolder(): Promise<string> {
  return ownFolder(FOLDER);
}

/** Where pids are valid: in this boot of the system, in this pid namespace. */
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

/** All records in a folder that can be read; those of other versions are left alone. */
export async function listRecords(folder: string): Promise<RunRecord[]> {
  const names = await readdir(folder).catch(() => []);
  const records = await Promise.all(names.map((name) => readRecord(join(folder, name))));
  return records.filter((record) => record !== undefined);
}

/** Undefined where there is none, or it is not one of this user's. Never rejects. */
export async function readRecord(file: string): Promise<RunRecord | undefined> {
  const text = await readOwnFile(file).catch(() => undefined);
  const [first = '', second = ''] = text?.split('\n') ?? [];
  const leading = /^(\d+) (\d+) (\d+)$/.exec(second)?.slice(1).map(Number);
  try {
    const { format, ...said } = schema.parse(JSON.parse(first));
    const [pid, earliest, latest] = leading ?? [];
    const hasLeader = pid !== undefined && earliest !== undefined && latest !== undefined;
    return { ...said, file, leader: hasLeader ? { pid, earliest, latest } : undefined };
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

/** Makes the record of a run that is about to be started. */
export async function makeRecord({ file, text }: RecordDraft): Promise<FileHandle> {
  const handle = await open(file, 'wx', 0o600);
  await handle.appendFile(text);
  return handle;
}

/** Writes down who leads the run: a child of this process, which nobody has waited for yet. */
export async function writeLeader(handle: FileHandle, pid: number): Promise<void> {
  const leader = await readProcess(pid);
  if (leader !== undefined) await handle.appendFile(`${pid} ${leader.startedAt} ${leader.startedAt}\n`);
}

/** The run has ended. */
export async function removeRecord(file: string): Promise<void> {
  await unlink(file).catch(() => {}); // removed already
}
