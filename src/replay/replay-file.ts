import { isDeepStrictEqual } from 'node:util';
import { laneOf } from '../../streams/candidate.ts';
import { errorText } from '../domain/error-text.ts';
import type { EventName, PublishedEvent } from '../domain/event.ts';
import { type Input, openInput, sizeWords } from '../host/input-file.ts';
import { decodeLine, type RecordedPureStep, type RecordingLine } from './recording.ts';
import { RecordingError } from './recording-error.ts';
import { type ReplayRules, replayPureStep, replayRules } from './replay.ts';

export interface ReplayFileOptions {
  /** Replays only the steps of this uid; by default all. */
  readonly uid?: string | undefined;
  /** Called with the recorded time between two lines. The replay waits until it resolves. */
  readonly pace: (milliseconds: number) => Promise<void>;
  readonly onEvent: (event: PublishedEvent) => void;
  /** Receives a text for each start of the recorded service. */
  readonly onNotice: (text: string) => void;
}

/** A step whose result differs from the recorded one. */
interface Difference {
  readonly account: string;
  readonly recorded: string;
  readonly replayed: string;
}

export interface ReplayResult {
  /** The number of steps with the recorded result. */
  readonly same: number;
  /** The number of accounts with a different result. */
  readonly differing: number;
  readonly differences: readonly Difference[];
  /** The number of accounts in work when the recording ended or the service was started again. */
  readonly unfinished: number;
  /** The number of missing lines. */
  readonly gaps: number;
}

const NEWLINE = 0x0a;
/**
 * The longest line in bytes: four times the largest entry that the service reads. Values that are
 * not text are longer in a recording.
 */
const LONGEST_LINE = 64 * 1024 * 1024;
const BEGINS: ReadonlySet<EventName> = new Set(['claimed', 'resumed']);
const ENDS: ReadonlySet<EventName> = new Set(['finished', 'failed', 'superseded']);
/** The most accounts for which a difference is kept. Further ones are only counted. */
const KEPT = 100;

/**
 * Replays the steps of a recording line by line. Memory holds the accounts in work and the accounts
 * that differ. A line that was cut off, as by a power failure, is skipped: the last one of the file
 * or the last one before a header. Any other invalid line rejects with a RecordingError.
 */
export async function replayFile(path: string, options: ReplayFileOptions): Promise<ReplayResult> {
  const service = new RecordedService(options);
  for await (const line of linesOf(path)) await service.take(line);
  return (
    service.result() ??
    Promise.reject(new RecordingError(`${path} does not begin with the header of a recording (run --record)`))
  );
}

/**
 * The recorded service, which was started once or several times.
 *
 *   not started -> running (a header) -> running (each further header: started again)
 */
class RecordedService {
  readonly #options: ReplayFileOptions;
  readonly #lane: string | undefined;
  readonly #differences = new Map<string, Difference>();
  readonly #differing = new Set<string>();
  readonly #inWork = new Set<string>();
  #rules: ReplayRules | undefined;
  #time = Number.NaN;
  #same = 0;
  #unfinished = 0;
  #gaps = 0;

  constructor(options: ReplayFileOptions) {
    this.#options = options;
    this.#lane = options.uid === undefined ? undefined : laneOf(options.uid);
  }

  /** Ignores lines before the first header. */
  async take(line: RecordingLine): Promise<void> {
    await this.#goTo(Date.parse(line.time));
    if ('settings' in line) this.#begin(line);
    else if ('gap' in line) this.#skip(line.gap);
    else if (this.#rules !== undefined) this.#step(line, this.#rules);
  }

  /** Undefined if there was no header. */
  result(): ReplayResult | undefined {
    if (this.#rules === undefined) return undefined;
    return {
      same: this.#same,
      differing: this.#differing.size,
      differences: [...this.#differences.values()],
      unfinished: this.#unfinished + this.#inWork.size,
      gaps: this.#gaps,
    };
  }

  #begin({ time, version, settings }: Extract<RecordingLine, { settings: unknown }>): void {
    const isFirst = this.#rules === undefined;
    this.#options.onNotice(`${isFirst ? 'recorded' : 'started again'} ${time} by version ${version}`);
    this.#unfinished += this.#inWork.size;
    this.#inWork.clear();
    this.#rules = replayRules(settings);
  }

  /** After a gap it is not known what became of the accounts in work. */
  #skip(lines: number): void {
    this.#gaps += lines;
    this.#inWork.clear();
  }

  #step(step: Extract<RecordingLine, { step: unknown }>, rules: ReplayRules): void {
    const lane = laneOf(step.uid);
    if (this.#lane !== undefined && lane !== this.#lane) return;
    try {
      const { next, events } = replayPureStep(step, rules);
      // The event of a recording that was edited may have no text.
      for (const event of events) this.#publish(lane, { time: step.time, ...event });
      if (isDeepStrictEqual(next, step.next)) this.#same += 1;
      else this.#differ(step, wordsOf(next));
    } catch (error) {
      this.#differ(step, `the step ${step.step} cannot be replayed: ${errorText(error)}`);
    }
  }

  #publish(lane: string, event: PublishedEvent): void {
    this.#options.onEvent(event);
    if (BEGINS.has(event.event)) this.#inWork.add(lane);
    // An account that waits in an attempt has lost its lease.
    else if (ENDS.has(event.event) || (event.event === 'waiting' && event.job !== undefined)) this.#inWork.delete(lane);
  }

  #differ({ uid, next }: RecordedPureStep, replayed: string): void {
    const lane = laneOf(uid);
    if (!this.#differing.has(lane) && this.#differences.size < KEPT) {
      this.#differences.set(lane, { account: uid, recorded: wordsOf(next), replayed });
    }
    this.#differing.add(lane);
  }

  async #goTo(moment: number): Promise<void> {
    const milliseconds = moment - this.#time;
    this.#time = moment;
    if (milliseconds > 0) await this.#options.pace(milliseconds);
  }
}

const MOST_WORDS = 300;

function wordsOf(next: unknown): string {
  const text = JSON.stringify(next) ?? 'nothing';
  return text.length > MOST_WORDS ? `${text.slice(0, MOST_WORDS)}...` : text;
}

/** The lines of a recording. An invalid line right before a header was cut off and is skipped. */
async function* linesOf(path: string): AsyncGenerator<RecordingLine> {
  let fault: RecordingError | undefined;
  for await (const { text, place } of textsOf(path)) {
    const line = read(text, place);
    if (fault !== undefined && !('settings' in line)) throw fault;
    fault = line instanceof RecordingError ? line : undefined;
    if (!(line instanceof RecordingError)) yield line;
  }
  if (fault !== undefined) throw fault;
}

function read(text: string, place: string): RecordingLine | RecordingError {
  try {
    return decodeLine(text);
  } catch (error) {
    return new RecordingError(`${place}: ${errorText(error)}`, { cause: error });
  }
}

/** The lines that have an end and are not empty. */
async function* textsOf(path: string): AsyncGenerator<{ readonly text: string; readonly place: string }> {
  let begun: Buffer[] = [];
  let length = 0;
  let number = 1;
  for await (const chunk of bytesOf(path)) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const text = Buffer.concat([...begun, chunk.subarray(start, end)]).toString('utf8');
      if (text !== '') yield { text, place: `${path}, line ${number}` };
      begun = [];
      length = 0;
      start = end + 1;
      number += 1;
    }
    begun.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > LONGEST_LINE)
      throw new RecordingError(`${path}, line ${number}: the line has more than ${sizeWords(LONGEST_LINE)}`);
  }
}

async function* bytesOf(path: string): AsyncGenerator<Buffer> {
  let input: Input | undefined;
  try {
    input = await openInput(path);
    yield* input.bytes();
  } catch (error) {
    throw new RecordingError(`cannot read the recording: ${errorText(error)}`, {
      cause: error,
    });
  } finally {
    await input?.close();
  }
}
