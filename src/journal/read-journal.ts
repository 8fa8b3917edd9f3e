import { join } from 'node:path';
import { errorText } from '../domain/error-text.ts';
import type { PublishedEvent } from '../domain/event.ts';
import { systemCode } from '../host/host-fault.ts';
import { type Input, InputFault, openInput } from '../host/input-file.ts';
import { JournalError } from './journal-error.ts';
import type { JournalFile } from './journal-files.ts';
import { listJournal } from './journal-folder.ts';
import { type JournalItem, JournalLines, type JournalQuery } from './journal-lines.ts';

/**
 * How far the times of events may differ from the time in the name of their file, in milliseconds,
 * because the clock of a host may be set back.
 */
const CLOCK_SLACK = 3_600_000;

/**
 * Reads a journal from the oldest selected event to the latest, in bounded memory. Yields the items
 * of each piece of a file. Rejects with a JournalError.
 */
export async function* readJournal(directory: string, query: JournalQuery): AsyncGenerator<readonly JournalItem[]> {
  for (const file of filesFor(directory, query)) yield* readFile(directory, file, query);
}

/**
 * Returns the last `most` selected events for which `isWanted` is true, in order. Reads the files
 * from the latest one backwards, and only as many as needed. Rejects with a JournalError.
 */
export async function lastInJournal(
  directory: string,
  query: JournalQuery,
  most: number,
  isWanted: (event: PublishedEvent) => boolean = () => true,
): Promise<PublishedEvent[]> {
  let found: PublishedEvent[] = [];
  for (const file of filesFor(directory, query).reverse()) {
    const room = most - found.length;
    let inFile: PublishedEvent[] = [];
    for await (const items of readFile(directory, file, query)) {
      const events = items.flatMap((item) => (item.kind === 'event' && isWanted(item.event) ? [item.event] : []));
      if (events.length > 0) inFile = [...inFile, ...events].slice(-room);
    }
    found = [...inFile, ...found];
    if (found.length >= most) break;
  }
  return found;
}

function filesFor(directory: string, { since, until }: JournalQuery): JournalFile[] {
  let files: JournalFile[];
  try {
    files = listJournal(directory);
  } catch (error) {
    throw new JournalError(`${directory} cannot be read: ${reasonOf(error)}; check journal.directory`);
  }
  return files.filter(({ startedAt }, index) => {
    const end = files[index + 1]?.startedAt ?? Number.POSITIVE_INFINITY;
    return end + CLOCK_SLACK >= since && startedAt - CLOCK_SLACK <= until;
  });
}

async function* readFile(
  directory: string,
  { name }: JournalFile,
  query: JournalQuery,
): AsyncGenerator<readonly JournalItem[]> {
  const path = join(directory, name);
  const input = await open(path);
  if (input === undefined) return;
  const lines = new JournalLines(query);
  try {
    for await (const piece of input.bytes()) {
      const items = lines.take(piece);
      if (items.length > 0) yield items;
    }
    yield lines.end();
  } catch (error) {
    throw error instanceof JournalError ? error : new JournalError(`${path} cannot be read: ${reasonOf(error)}`);
  } finally {
    await input.close();
  }
}

/** Resolves to undefined if the file has been deleted since it was listed. */
async function open(path: string): Promise<Input | undefined> {
  try {
    return await openInput(path);
  } catch (error) {
    if (error instanceof InputFault && error.code === 'ENOENT') return undefined;
    throw new JournalError(reasonOf(error));
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder',
  EACCES: 'only its owner and the group of operator.group may read it',
  ENOTDIR: 'it is not a folder',
};

function reasonOf(error: unknown): string {
  const code = error instanceof InputFault ? undefined : systemCode(error);
  const words = errorText(error);
  return (code === undefined ? undefined : REASONS[code]) ?? words;
}
