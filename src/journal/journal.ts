import { closeSync, fstatSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
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
  /** Receives a sentence when the journal cannot be written, and when it can again. */
  readonly notice: (message: string) => void;
}

/**
 * Keeps every event in files. Never throws. Events that cannot be written are lost, and counted.
 */
export interface Journal {
  readonly take: (event: PublishedEvent) => void;
  readonly health: () => JournalHealth;
  /** Writes the last events. */
  readonly close: () => void;
}

/**
 * The least time between two notices of a failure, as a disk may be full and have room by turns.
 */
const NOTICE_INTERVAL = 60_000;

/** How often old files are looked for, beside each change to another file. */
const PRUNE_INTERVAL = 3_600_000;

/**
 * Opens the journal of a service. Several processes may write to one folder: each line is written
 * at once, and a file that another one has deleted is noticed.
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
  /** The file that is written, from its opening on. */
  #current: { readonly name: string; readonly startedAt: number } | undefined;
  #lostEvents = 0;
  /** How many of them a notice has told. */
  #toldEvents = 0;
  #failure: string | undefined;
  /** The failure that a notice has told, and when. */
  #toldFailure: string | undefined;
  #toldAt = Number.NEGATIVE_INFINITY;
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
        this.#tellFailure();
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

  /** Whoever may not give files to the group keeps them for itself. */
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

  /** A service that has nothing to write must not keep what is too old. */
  #tidy(): void {
    const { now } = this.#options;
    if (this.#current !== undefined && !hasRoom({ ...this.#current, bytes: 0 }, 0, now(), this.#options)) {
      this.#file.letGo();
      this.#current = undefined;
    }
    // Whether the way to the folder is safe was judged when the file was opened.
    if (this.#failure === undefined) this.#prune();
  }

  #prune(): void {
    const { directory, now } = this.#options;
    try {
      const files = listJournal(directory);
      for (const name of filesToDelete(files, this.#current?.name, now(), this.#options))
        unlinkSync(join(directory, name));
    } catch {
      // What cannot be listed or deleted now is tried again with the next file, and the next hour.
    }
  }

  #failed(reason: string): void {
    this.#failure = reason;
    this.#tellFailure();
  }

  #tellFailure(): void {
    const now = this.#options.now();
    const reason = this.#failure;
    if (reason === undefined || reason === this.#toldFailure || now - this.#toldAt < NOTICE_INTERVAL) return;
    this.#toldFailure = reason;
    this.#toldAt = now;
    const remedy = 'see to its folder, permissions and room, or correct journal.directory';
    this.#options.notice(`the journal in ${this.#options.directory} cannot be written (${reason}); ${remedy}`);
  }

  #recovered(): void {
    this.#failure = undefined;
    if (this.#toldFailure === undefined) return;
    this.#toldFailure = undefined;
    const lost = this.#lostEvents - this.#toldEvents;
    this.#toldEvents = this.#lostEvents;
    this.#options.notice(`the journal in ${this.#options.directory} is written again; ${lost} events were lost`);
  }

  #time(): string {
    return isoTime(this.#options.now());
  }
}
