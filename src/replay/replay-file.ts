import type { PublishedEvent } from '../domain/event.ts';
import { type Input, openInput, sizeWords } from '../host/input-file.ts';
import { decodeLine, type RecordLine } from '../operator/recording.ts';
import { Comparison, type Difference } from './compare.ts';
import { RecordError } from './record-error.ts';
import { type Replay, startReplay } from './replay.ts';
import type { Pace } from './virtual-time.ts';

export interface ReplayFileOptions {
  readonly pace: Pace;
  readonly told: (event: PublishedEvent) => void;
  /** Hears what happens between the lives of the recorded service. */
  readonly note: (text: string) => void;
}

export interface ReplayResult {
  /** Decisions that came out as recorded. */
  readonly same: number;
  /** Accounts with a decision that did not. */
  readonly differing: number;
  readonly differences: readonly Difference[];
  readonly unfinished: number;
  readonly gaps: number;
}

const NEWLINE = 0x0a;
/**
 * Four times an entry of the largest size that the service reads, as a value that is no text needs
 * more room here.
 */
const LONGEST_LINE = 64 * 1024 * 1024;
/** No service runs for longer; a timer for each day of it would have no end. */
const LONGEST_LIFE = 50 * 366 * 86_400_000;

/**
 * Replays a record line by line; memory holds what is open in it, not its length. A last line that
 * was cut off, as by a power failure, is left out. Rejects with a RecordError for any other line
 * that is none.
 */
export async function replayFile(path: string, options: ReplayFileOptions): Promise<ReplayResult> {
  const service = new RecordedService(path, options);
  for await (const { line, place } of linesOf(path)) {
    if (line.kind === 'header') await service.begin(line);
    else await service.take(line, place);
  }
  return service.end();
}

type Header = Extract<RecordLine, { readonly kind: 'header' }>;

/**
 * The recorded service, which lived once or several times.
 *
 * not begun -> lives (`begin`) -> stopped (it says so) -> lives again (`begin`) -> ... -> ended
 *
 * A life that ends before the service has stopped was cut off.
 */
class RecordedService {
  readonly #path: string;
  readonly #options: ReplayFileOptions;
  readonly #comparison = new Comparison();
  #replay: Replay | undefined;
  /** When the present life began, in milliseconds since 1970. */
  #start = 0;
  #stopped = true;
  #unfinished = 0;
  #gaps = 0;

  constructor(path: string, options: ReplayFileOptions) {
    this.#path = path;
    this.#options = options;
  }

  async begin({ time, version, settings, continued }: Header): Promise<void> {
    const { pace, told, note } = this.#options;
    await this.#endLife();
    this.#start = Date.parse(time);
    this.#stopped = false;
    note(`${this.#replay === undefined ? 'recorded' : 'started again'} ${time} by version ${version}`);
    const comparison = this.#comparison;
    comparison.begin(continued);
    this.#replay = startReplay({
      settings,
      start: this.#start,
      pace,
      requested: (uid) => comparison.requested(uid),
      awaits: (event) => comparison.awaits(event),
      told: (event) => {
        comparison.replayed(event);
        told(event);
      },
    });
  }

  async take(line: Exclude<RecordLine, Header>, place: string): Promise<void> {
    const replay = this.#begun();
    const lived = Date.parse(line.kind === 'event' ? line.event.time : line.time) - this.#start;
    if (lived > LONGEST_LIFE) throw new RecordError(`${place}: its time is decades after the beginning`);
    if (line.kind === 'event') {
      this.#comparison.recorded(line.event);
      this.#stopped ||= line.event.event === 'stopped';
    }
    if (line.kind === 'gap') this.#gaps += line.lines;
    await replay.take(line);
  }

  async end(): Promise<ReplayResult> {
    this.#begun();
    await this.#endLife();
    return { ...this.#comparison.result(), unfinished: this.#unfinished, gaps: this.#gaps };
  }

  async #endLife(): Promise<void> {
    this.#unfinished += (await this.#replay?.end()) ?? 0;
    if (!this.#stopped) this.#comparison.cutOff();
  }

  #begun(): Replay {
    if (this.#replay !== undefined) return this.#replay;
    throw new RecordError(`${this.#path} does not begin like a record (run --record)`);
  }
}

async function* bytesOf(path: string): AsyncGenerator<Buffer> {
  let input: Input | undefined;
  try {
    input = await openInput(path);
    yield* input.bytes();
  } catch (error) {
    throw new RecordError(`cannot read the record: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  } finally {
    await input?.close();
  }
}

/** The lines that have an end, with their numbers, counted from 1. */
async function* linesOf(path: string): AsyncGenerator<{ readonly line: RecordLine; readonly place: string }> {
  let begun: Buffer[] = [];
  let length = 0;
  let number = 1;
  for await (const chunk of bytesOf(path)) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const text = Buffer.concat([...begun, chunk.subarray(start, end)]).toString('utf8');
      const place = `${path}, line ${number}`;
      if (text !== '') yield { line: read(text, place), place };
      begun = [];
      length = 0;
      start = end + 1;
      number += 1;
    }
    begun.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > LONGEST_LINE)
      throw new RecordError(`${path}, line ${number}: it has more than ${sizeWords(LONGEST_LINE)}`);
  }
}

function read(text: string, place: string): RecordLine {
  try {
    return decodeLine(text);
  } catch (error) {
    throw new RecordError(`${place}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
