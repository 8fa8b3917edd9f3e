import { open } from 'node:fs/promises';
import type { PublishedEvent } from '../domain/event.ts';
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

/**
 * Replays a record line by line; memory holds what is open in it, not its length. A last line that was cut off, as by a power
 * failure, is left out. Rejects with a RecordError for any other line that is none.
 */
export async function replayFile(path: string, { pace, told, note }: ReplayFileOptions): Promise<ReplayResult> {
  const comparison = new Comparison();
  let replay: Replay | undefined;
  let stopped = true;
  let unfinished = 0;
  let gaps = 0;

  const endLife = async () => {
    unfinished += (await replay?.end()) ?? 0;
    if (!stopped) comparison.cutOff();
    stopped = false;
  };

  for await (const line of linesOf(path)) {
    if (line.kind === 'header') {
      await endLife();
      const start = Date.parse(line.time);
      note(`${replay === undefined ? 'recorded' : 'started again'} ${line.time} by version ${line.version}`);
      comparison.begin(line.continued);
      replay = startReplay({
        settings: line.settings,
        start,
        pace,
        requested: (uid) => comparison.requested(uid),
        awaits: (event) => comparison.awaits(event),
        told: (event) => {
          comparison.replayed(event);
          told(event);
        },
      });
      continue;
    }
    if (replay === undefined) throw noRecord(path);
    if (line.kind === 'event') {
      comparison.recorded(line.event);
      stopped ||= line.event.event === 'stopped';
    }
    if (line.kind === 'gap') gaps += line.lines;
    await replay.take(line);
  }
  if (replay === undefined) throw noRecord(path);
  await endLife();
  return { ...comparison.result(), unfinished, gaps };
}

function noRecord(path: string): RecordError {
  return new RecordError(`${path} does not begin like a record (run --record)`);
}

async function* linesOf(path: string): AsyncGenerator<RecordLine> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw new RecordError(`cannot read the record: ${error.message}`, { cause: error });
  });
  const stream = file.createReadStream({ encoding: 'utf8' });
  let rest = '';
  let number = 0;
  for await (const chunk of stream as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) {
      number += 1;
      if (text !== '') yield read(text, `${path}, line ${number}`);
    }
  }
}

function read(text: string, place: string): RecordLine {
  try {
    return decodeLine(text);
  } catch (error) {
    throw new RecordError(`${place}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
