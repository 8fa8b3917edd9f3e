import { closeSync, fstatSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { counted } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import type { PublishedEvent } from '../domain/event.ts';
import type { JournalHealth } from '../domain/status.ts';
import { isoTime } from '../domain/timestamp.ts';
import { systemCode } from '../host/host-fault.ts';
import { makeOutputFolder, openOutput, setFileReaders } from '../host/output-file.ts';
import { AppendedFile } from '../observability/appended-file.ts';
import { renderJson } from '../observability/render-event.ts';
import { filesToDelete, hasRoom, type JournalLimits, nameForNext, startOf } from './journal-files.ts';
import { listJournal } from './journal-folder.ts';

export interface JournalOptions extends JournalLimits {
  readonly directory: string;
  /** The number of the group that may read the journal; undefined: only its owner may. */
  readonly group: number | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /**
   * Called with a sentence when the journal cannot be written, and when it can be written again.
   */
  readonly notice: (message: string) => void;
}

/**
 * Writes every event to files. Never throws. Events that cannot be written are lost and counted.
 */
export interface Journal {
  readonly take: (event: PublishedEvent) => void;
  readonly health: () => JournalHealth;
  /** Writes the last events. */
  readonly close: () => void;
}

/**
 * The shortest time in milliseconds between two notices of a failure, because a disk may alternate
 * between full and not full.
 */
const NOTICE_INTERVAL = 60_000;

/** How often old files are deleted, in milliseconds, in addition to each change to a new file. */
const PRUNE_INTERVAL = 3_600_000;

/**
 * Opens the journal of a service. Several processes may write to one folder: each write contains
 * whole lines, and a process notices if another one has deleted its file.
 */
export function openJournal(options: JournalOptions): Journal {
  const journal = new FolderJournal(options);
  return {
    take: (event) => journal.take(event),
    health: () => journal.health(),
    close: () => journal.close(),
  };
}

class FolderJournal {
  readonly #options: JournalOptions;
  readonly #file: AppendedFile;
  readonly #pruning: NodeJS.Timeout;
  /** The file to which events are written. undefined: none has been opened. */
  #current: { readonly name: string; readonly startedAt: number } | undefined;
  #lostEvents = 0;
  /** How many lost events the notices have reported so far. */
  #reportedEvents = 0;
  #failure: string | undefined;
  /** The failure that the latest notice has reported, and the time of that notice. */
  #reportedFailure: string | undefined;
  #reportedAt = Number.NEGATIVE_INFINITY;
  #isUnshared = false;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#file = new AppendedFile({
      open: () => this.#open(),
      isFull: (descriptor, bytes) => this.#isFull(descriptor, bytes),
      lossNote: (missed) => `${JSON.stringify({ time: this.#time(), event: 'missed', missed })}\n`,
      failed: (reason) => this.#failed(reason),
      recovered: () => this.#recovered(),
      lost: (events) => {
        this.#lostEvents += events;
        this.#reportFailure();
      },
    });
    this.#pruning = setInterval(() => this.#tidy(), PRUNE_INTERVAL);
    this.#pruning.unref();
    this.#file.openAhead();
  }

  take(event: PublishedEvent): void {
    this.#file.append(`${renderJson(event)}\n`);
  }

  health(): JournalHealth {
    const { directory } = this.#options;
    return { directory, lostEvents: this.#lostEvents, ...defined({ failure: this.#failure }) };
  }

  close(): void {
    clearInterval(this.#pruning);
    this.#file.flush();
    this.#file.letGo();
  }

  #open(): number {
    const { directory, group, now } = this.#options;
    const isForOutput = (names: readonly string[]) => names.every((name) => startOf(name) !== undefined);
    this.#share(() => makeOutputFolder(directory, group, isForOutput));
    const name = nameForNext(listJournal(directory), now(), this.#options);
    const descriptor = openOutput(join(directory, name), { how: 'append', mode: 0o600 });
    try {
      this.#share(() => setFileReaders(descriptor, group));
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
    this.#current = { name, startedAt: startOf(name) ?? now() };
    this.#prune();
    return descriptor;
  }

  /**
   * Runs `give`, which gives a file or folder to the group. If the process may not do that, the
   * file keeps its group, and a notice says so once.
   */
  #share(give: () => void): void {
    try {
      give();
    } catch (error) {
      if (systemCode(error) !== 'EPERM') throw error;
      const { directory, notice } = this.#options;
      const remedy = 'let the user of the service be a member of it, or correct operator.group';
      if (!this.#isUnshared) notice(`the journal in ${directory} cannot be given to its group; ${remedy}`);
      this.#isUnshared = true;
    }
  }

  #isFull(descriptor: number, bytes: number): boolean {
    const { size, nlink } = fstatSync(descriptor);
    const startedAt = this.#current?.startedAt ?? 0;
    return nlink === 0 || !hasRoom({ startedAt, bytes: size }, bytes, this.#options.now(), this.#options);
  }

  /**
   * Deletes old files at each interval, so that they also go when the service has nothing to write.
   */
  #tidy(): void {
    const { now } = this.#options;
    if (this.#current !== undefined && !hasRoom({ ...this.#current, bytes: 0 }, 0, now(), this.#options)) {
      this.#file.letGo();
      this.#current = undefined;
    }
    // After a failure nothing is deleted: opening the file is what checks that the path to the
    // folder is safe.
    if (this.#failure === undefined) this.#prune();
  }

  #prune(): void {
    const { directory, now } = this.#options;
    try {
      const files = listJournal(directory);
      for (const name of filesToDelete(files, this.#current?.name, now(), this.#options))
        unlinkSync(join(directory, name));
    } catch {
      // This is tried again with the next file, and after the next interval.
    }
  }

  #failed(reason: string): void {
    this.#failure = reason;
    this.#reportFailure();
  }

  #reportFailure(): void {
    const now = this.#options.now();
    const reason = this.#failure;
    if (reason === undefined || reason === this.#reportedFailure || now - this.#reportedAt < NOTICE_INTERVAL) return;
    this.#reportedFailure = reason;
    this.#reportedAt = now;
    const remedy = 'check the folder, its permissions and its free space, or correct journal.directory';
    this.#options.notice(`the journal in ${this.#options.directory} cannot be written (${reason}); ${remedy}`);
  }

  #recovered(): void {
    this.#failure = undefined;
    if (this.#reportedFailure === undefined) return;
    this.#reportedFailure = undefined;
    const lost = this.#lostEvents - this.#reportedEvents;
    this.#reportedEvents = this.#lostEvents;
    this.#options.notice(
      `the journal in ${this.#options.directory} is written again; ${counted(lost, 'event', ['was', 'were'])} lost`,
    );
  }

  #time(): string {
    return isoTime(this.#options.now());
  }
}
