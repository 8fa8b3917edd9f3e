import { createWriteStream, type WriteStream } from 'node:fs';
import type { DirectoryChange } from '../domain/change.ts';
import type { DirectoryAnswer } from '../domain/directory-answer.ts';
import type { PublishedEvent } from '../domain/event.ts';
import type { HandlerOutcome } from '../domain/job.ts';
import { openOutput } from '../host/output-file.ts';
import { encodeLine, isRecorded, type RecordedSettings, type RecordLine } from './recording.ts';

export interface RecorderOptions {
  /** Appended to; made for its owner only, as it names accounts. */
  readonly file: string;
  readonly version: string;
  readonly settings: RecordedSettings;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Told, in a sentence, when the file cannot be written. */
  readonly notice: (message: string) => void;
}

/** Keeps what the directory told and what became of it, as JSON lines. Never throws, never waits, and bounds its memory. */
export interface Recorder {
  change(change: DirectoryChange): void;
  answer(answer: DirectoryAnswer): void;
  outcome(uid: string, outcome: HandlerOutcome): void;
  event(event: PublishedEvent): void;
  /** Goes on in a new file of the same name: the old one has been moved away. */
  reopen(): void;
  /** Resolves when everything is in the file. */
  close(): Promise<void>;
}

/** How much may wait for the disk, in bytes; lines beyond it are counted and left out. */
const LARGEST_BACKLOG = 16 * 1024 * 1024;

export function recordTo(options: RecorderOptions): Recorder {
  const { settings, now, notice } = options;
  let lost = 0;
  let failed = false;
  let stream = open();

  const time = () => new Date(now()).toISOString();
  const put = (line: RecordLine) => {
    if (failed || stream === undefined) return;
    if (stream.writableLength > LARGEST_BACKLOG) {
      lost += 1;
      return;
    }
    if (lost > 0) stream.write(`${encodeLine({ kind: 'gap', time: time(), lines: lost }, settings.attributes)}\n`);
    lost = 0;
    stream.write(`${encodeLine(line, settings.attributes)}\n`);
  };

  function fail(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (!failed) notice(`nothing more is recorded: ${reason}; make room or choose another file, and start again`);
    failed = true;
  }

  function open(): WriteStream | undefined {
    try {
      const opened = createWriteStream('', { fd: openOutput(options.file, { how: 'append', mode: 0o600 }) });
      return opened.on('error', fail);
    } catch (error) {
      fail(error);
      return undefined;
    }
  }
  const begin = (continued: boolean) =>
    put({ kind: 'header', time: time(), version: options.version, settings, continued });

  begin(false);
  return {
    change: (change) => put({ kind: 'change', time: time(), change }),
    answer: (answer) => put({ kind: 'answer', time: time(), answer }),
    outcome: (uid, outcome) => put({ kind: 'outcome', time: time(), uid, outcome }),
    event: (event) => {
      if (isRecorded(event.event)) put({ kind: 'event', event });
    },
    reopen: () => {
      stream?.end();
      failed = false;
      stream = open();
      begin(true);
    },
    close: () =>
      new Promise((resolve) => {
        if (failed || stream === undefined) resolve();
        else stream.once('error', () => resolve()).end(resolve);
      }),
  };
}
