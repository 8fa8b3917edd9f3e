import { createWriteStream, type WriteStream } from 'node:fs';
import type { ObserveStep } from '../../streams/turn/steps.ts';
import { openOutput } from '../host/output-file.ts';
import { encodeGap, encodeHeader, encodeStep, type RecordedSettings } from './recording.ts';

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

/** Keeps each step as a JSON line. Never throws, never waits, and bounds its memory. */
export interface Recorder {
  readonly step: ObserveStep;
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
  const put = (encode: () => string) => {
    if (failed || stream === undefined) return;
    if (stream.writableLength > LARGEST_BACKLOG) {
      lost += 1;
      return;
    }
    if (lost > 0) stream.write(`${encodeGap(time(), lost)}\n`);
    lost = 0;
    stream.write(`${encode()}\n`);
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
  // A life before this one may have been cut off in the middle of a line.
  const begin = () => put(() => `\n${encodeHeader(time(), options.version, settings)}`);

  begin();
  return {
    step: (step) => put(() => encodeStep(time(), step, settings.attributes)),
    reopen: () => {
      stream?.end();
      failed = false;
      stream = open();
      begin();
    },
    close: () =>
      new Promise((resolve) => {
        if (failed || stream === undefined) resolve();
        else stream.once('error', () => resolve()).end(resolve);
      }),
  };
}
