/*
 * The files of a journal, and the decisions about them. A file is named after the time at which it
 * was begun, so the order of the names is the order of the events. A new name is always later than
 * the one before it, even if the clock was set back.
 */

/** A file of the journal. */
export interface JournalFile {
  readonly name: string;
  /** When the file was begun according to its name, in milliseconds since 1970. */
  readonly startedAt: number;
  readonly bytes: number;
  /** When the file was last written, in milliseconds since 1970. */
  readonly writtenAt: number;
}

export interface JournalLimits {
  readonly keepMilliseconds: number;
  /** The largest size of all files together. */
  readonly maxBytes: number;
}

const DAY = 86_400_000;
const LARGEST_FILE = 64 * 2 ** 20;
/**
 * The journal is divided into at least this number of files, because only whole files are deleted.
 */
const FEWEST_FILES = 16;

const NAME = /^events-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z\.jsonl$/;

/** The name of a file: `events-20261127T224300123Z.jsonl`. */
export function nameOf(startedAt: number): string {
  return `events-${new Date(startedAt).toISOString().replace(/[-:.]/g, '')}.jsonl`;
}

/** When the file of this name was begun. undefined: the name is not that of a journal file. */
export function startOf(name: string): number | undefined {
  const match = NAME.exec(name);
  if (match === null) return undefined;
  const [, year, month, day, hours, minutes, seconds, milliseconds] = match;
  const time = Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}.${milliseconds}Z`);
  return Number.isNaN(time) ? undefined : time;
}

/** The size and the age at which a file is complete: later lines go to a new file. */
export function fileLimits({ keepMilliseconds, maxBytes }: JournalLimits): { bytes: number; milliseconds: number } {
  return {
    bytes: Math.min(LARGEST_FILE, maxBytes / FEWEST_FILES),
    milliseconds: Math.min(DAY, keepMilliseconds / FEWEST_FILES),
  };
}

/**
 * Whether the next `bytes` still belong in this file. An empty file accepts any number of bytes.
 */
export function hasRoom(
  { startedAt, bytes }: Pick<JournalFile, 'startedAt' | 'bytes'>,
  next: number,
  now: number,
  limits: JournalLimits,
): boolean {
  const largest = fileLimits(limits);
  return now - startedAt < largest.milliseconds && (bytes === 0 || bytes + next <= largest.bytes);
}

/** The name of the file for the next lines. `files` are in the order of their names. */
export function nameForNext(files: readonly JournalFile[], now: number, limits: JournalLimits): string {
  const latest = files.at(-1);
  if (latest === undefined) return nameOf(now);
  return hasRoom(latest, 1, now, limits) ? latest.name : nameOf(Math.max(now, latest.startedAt + 1));
}

/**
 * The files to delete: those whose events are all too old, and the oldest ones if all files
 * together are too large. The file `current` is never deleted. It is counted with the largest size
 * that a file can reach.
 */
export function filesToDelete(
  files: readonly JournalFile[],
  current: string | undefined,
  now: number,
  limits: JournalLimits,
): string[] {
  let total = current === undefined ? 0 : fileLimits(limits).bytes;
  return [...files]
    .reverse()
    .filter(({ name, bytes, writtenAt }) => {
      if (name === current) return false;
      total += bytes;
      return now - writtenAt > limits.keepMilliseconds || total > limits.maxBytes;
    })
    .map(({ name }) => name);
}
