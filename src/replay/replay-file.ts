import { laneOf } from '../../streams/candidate.ts';
import type { PublishedEvent } from '../domain/event.ts';
import { type Input, openInput, sizeWords } from '../host/input-file.ts';
import { RecordError } from './record-error.ts';
import { decodeLine, type RecordedStep, type RecordLine } from './recording.ts';
import { Replay, type ReplayedStep } from './replay.ts';

export interface ReplayFileOptions {
  /** Replays only the steps of this uid; by default all. */
  readonly uid?: string | undefined;
  /** Is called with the recorded time between two lines. The replay waits until it resolves. */
  readonly pace: (milliseconds: number) => Promise<void>;
  readonly onEvent: (event: PublishedEvent) => void;
  /** Receives a text for each start of the recorded service. */
  readonly onNotice: (text: string) => void;
}

/** A step whose result differs from the recorded one. */
export interface Difference {
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
  /** The number of accounts in work when the record ended or the service was started again. */
  readonly unfinished: number;
  /** The number of missing lines. */
  readonly gaps: number;
  /** Steps of turns whose beginning is not in the record, or that came out otherwise before. */
  readonly leftOut: number;
}

const NEWLINE = 0x0a;
/**
 * The longest line in bytes: four times the largest entry that the service reads. Values that are
 * not text are longer in a record.
 */
const LONGEST_LINE = 64 * 1024 * 1024;
/** Beyond so many accounts that differ, differences are only counted. */
const KEPT = 100;

/**
 * Replays the steps of a record line by line. Memory holds the accounts in work and the accounts
 * that differ. A line that was cut off, as by a power failure, is skipped: the last one of the file
 * or the last one before a header. Any other invalid line rejects with a RecordError.
 */
export async function replayFile(path: string, options: ReplayFileOptions): Promise<ReplayResult> {
  const service = new RecordedService(options);
  for await (const line of linesOf(path)) await service.take(line);
  return service.result() ?? Promise.reject(new RecordError(`${path} does not begin like a record (run --record)`));
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
  #replay: Replay | undefined;
  #time = Number.NaN;
  #same = 0;
  #unfinished = 0;
  #gaps = 0;
  #leftOut = 0;

  constructor(options: ReplayFileOptions) {
    this.#options = options;
    this.#lane = options.uid === undefined ? undefined : laneOf(options.uid);
  }

  /** Lines before the first header are left alone. */
  async take(line: RecordLine): Promise<void> {
    await this.#goTo(Date.parse(line.time));
    switch (line.kind) {
      case 'header':
        this.#begin(line);
        break;
      case 'gap':
        this.#gaps += line.lines;
        this.#replay?.forgetAll();
        break;
      case 'step':
        this.#step(line.step, line.time);
        break;
    }
  }

  /** Undefined if there was no header. */
  result(): ReplayResult | undefined {
    if (this.#replay === undefined) return undefined;
    return {
      same: this.#same,
      differing: this.#differing.size,
      differences: [...this.#differences.values()],
      unfinished: this.#unfinished + this.#replay.inWork,
      gaps: this.#gaps,
      leftOut: this.#leftOut,
    };
  }

  #begin({ time, version, settings }: Extract<RecordLine, { kind: 'header' }>): void {
    const isFirst = this.#replay === undefined;
    this.#unfinished += this.#replay?.inWork ?? 0;
    this.#options.onNotice(`${isFirst ? 'recorded' : 'started again'} ${time} by version ${version}`);
    this.#replay = new Replay(settings);
  }

  #step(step: RecordedStep, time: string): void {
    const uid = uidOf(step);
    if (this.#lane !== undefined && laneOf(uid) !== this.#lane) return;
    const taken = this.#taken(step);
    if (taken === undefined) {
      this.#leftOut += 1;
      return;
    }
    for (const event of taken.events) this.#options.onEvent({ time, ...event });
    if (JSON.stringify(taken.next) === JSON.stringify(step.next)) this.#same += 1;
    else this.#differ(uid, step.next, taken.next);
  }

  /** A step of this version may expect another input than the recorded one had. */
  #taken(step: RecordedStep): ReplayedStep | undefined {
    try {
      return this.#replay?.replay(step);
    } catch (error) {
      return { next: { error: error instanceof Error ? error.message : String(error) }, events: [] };
    }
  }

  #differ(uid: string, recorded: unknown, replayed: unknown): void {
    this.#replay?.forget(uid);
    const key = laneOf(uid);
    if (!this.#differing.has(key) && this.#differences.size < KEPT) {
      this.#differences.set(key, { account: uid, recorded: wordsOf(recorded), replayed: wordsOf(replayed) });
    }
    this.#differing.add(key);
  }

  async #goTo(moment: number): Promise<void> {
    const milliseconds = moment - this.#time;
    this.#time = moment;
    if (milliseconds > 0) await this.#options.pace(milliseconds);
  }
}

function uidOf(step: RecordedStep): string {
  if (step.step === 'decide') return step.record.uid;
  return step.step === 'beginClaim' ? step.candidate.record.uid : step.uid;
}

const MOST_WORDS = 300;

function wordsOf(next: unknown): string {
  const text = JSON.stringify(next) ?? 'nothing';
  return text.length > MOST_WORDS ? `${text.slice(0, MOST_WORDS)}...` : text;
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

/** The lines of a record. An invalid line right before a header was cut off and is skipped. */
async function* linesOf(path: string): AsyncGenerator<RecordLine> {
  let fault: RecordError | undefined;
  for await (const { text, place } of textsOf(path)) {
    const line = read(text, place);
    if (fault !== undefined && (line instanceof RecordError || line.kind !== 'header')) throw fault;
    if (line instanceof RecordError) {
      fault = line;
      continue;
    }
    fault = undefined;
    yield line;
  }
  if (fault !== undefined) throw fault;
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
      throw new RecordError(`${path}, line ${number}: it has more than ${sizeWords(LONGEST_LINE)}`);
  }
}

function read(text: string, place: string): RecordLine | RecordError {
  try {
    return decodeLine(text);
  } catch (error) {
    return new RecordError(`${place}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
