import { createWriteStream, type WriteStream } from 'node:fs';
import type { ObservePureStep } from '../../streams/turn/pure-steps.ts';
import { errorText } from '../domain/error-text.ts';
import { isoTime } from '../domain/timestamp.ts';
import { openOutput } from '../host/output-file.ts';
import { encodeGap, encodeHeader, encodePureStep, type RecordedSettings } from './recording.ts';

export interface RecorderOptions {
  /** The recording. It is appended to, and created with mode 0600 because it names accounts. */
  readonly file: string;
  readonly version: string;
  readonly settings: RecordedSettings;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Receives a sentence when the file cannot be written. */
  readonly notice: (message: string) => void;
}

/** Writes each step as a line of JSON. Never throws, never blocks, and uses bounded memory. */
export interface Recorder {
  readonly step: ObservePureStep;
  /** Writes a new header if these settings differ from the current ones. */
  use(settings: RecordedSettings): void;
  /** Closes the file and opens the path again, after the old file was renamed. */
  reopen(): void;
  /** Resolves when all lines are written to the file. */
  close(): Promise<void>;
}

/** The most bytes that may wait to be written. Further lines are dropped and counted. */
const LARGEST_BACKLOG = 16 * 1024 * 1024;

/**
 * Opens the recording and writes its header.
 *
 *   open -> failed             the opening or a write failed; nothing more is written
 *   open, failed -> open       (`reopen`)
 */
export function recordTo(options: RecorderOptions): Recorder {
  const { now, notice } = options;
  let { settings } = options;
  let lost = 0;
  let failed = false;
  let stream = open();

  const time = () => isoTime(now());
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
    const reason = errorText(error);
    if (!failed)
      notice(`cannot write the recording: ${reason}; make room or choose another file, and start the service again`);
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
  // The last line of an earlier process may have been cut off, so the header begins on a new line.
  const begin = () => put(() => `\n${encodeHeader(time(), options.version, settings)}`);

  begin();
  return {
    step: (step) => put(() => encodePureStep(time(), step, settings.attributes)),
    use: (next) => {
      if (JSON.stringify(next) === JSON.stringify(settings)) return;
      settings = next;
      begin();
    },
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
