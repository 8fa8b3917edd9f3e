import type { PublishedEvent } from '../domain/event.ts';
import { readMode } from '../domain/mode.ts';
import { describeEvent } from '../observability/describe-event.ts';
import type { AttemptEnd, AttemptItem, HistoryItem } from './history-item.ts';
import type { JournalItem, JournalQuery } from './journal-lines.ts';
import { readJournal } from './read-journal.ts';

/**
 * Yields what happened to the account of one uid according to the journal, in order. An item
 * `unreadable` stands for each line that cannot be read. Rejects with a JournalError.
 */
export async function* historyOf(
  directory: string,
  query: JournalQuery,
): AsyncGenerator<HistoryItem | Extract<JournalItem, { kind: 'unreadable' }>> {
  const account = new AccountHistory();
  for await (const items of readJournal(directory, query)) {
    for (const item of items) {
      if (item.kind === 'event') yield* account.take(item.event);
      else yield item;
    }
  }
  yield* account.end();
}

/** The most lines of output that are kept of an attempt. */
const MOST_LINES = 20;

type AccountEvent = Extract<PublishedEvent, { readonly job?: string; readonly dn: string }>;
type Named<N extends PublishedEvent['event']> = Extract<PublishedEvent, { readonly event: N }>;

/** An attempt that has not ended yet. */
interface OpenAttempt {
  readonly begun: Omit<AttemptItem, 'kind' | 'steps' | 'output' | 'earlierLines' | 'end' | 'milliseconds'>;
  readonly steps: Array<AttemptItem['steps'][number]>;
  readonly output: Array<AttemptItem['output'][number]>;
  earlierLines: number;
  /** Set if the attempt is to be tried again later, unless its outcome is written after all. */
  retrying?: Extract<AttemptEnd, { as: 'retrying' }>;
}

/**
 * Turns the events of one uid, in order, into the history of the account. Memory is bounded: only
 * one attempt is open at a time.
 *
 *   no attempt -> attempt     `claimed`, `resumed`, or the first event with a new job
 *   attempt -> no attempt     `finished`, `failed`, `superseded`: it has ended
 *   attempt -> attempt        another one begins: the first was interrupted, or is tried again
 */
export class AccountHistory {
  #attempt: OpenAttempt | undefined;
  #queuedAt: string | undefined;
  /**
   * The latest request and the latest note. Each list and each start of the service repeats them,
   * and a repetition is not shown.
   */
  #lastRequest = '';
  #lastNote = '';
  /** Whether the last attempt failed and nothing has happened since. */
  #isFailed = false;

  /** Returns the items that this event completes. */
  take(event: PublishedEvent): HistoryItem[] {
    switch (event.event) {
      case 'received':
        return this.#request(event);
      case 'queued':
        this.#queuedAt ??= event.time;
        return [];
      case 'claimed':
      case 'resumed':
        return this.#begin(event, event.event === 'resumed');
      case 'step':
      case 'output':
        return this.#during(event);
      case 'retrying':
        return this.#retrying(event);
      case 'finished':
      case 'failed':
      case 'superseded':
        return this.#ended(event);
      case 'skipped':
        // The failure itself is part of its attempt.
        return event.returnValue !== undefined && this.#isFailed ? [] : this.#note(event);
      case 'deferred':
      case 'waiting':
      case 'conflict':
      case 'left':
        return this.#note(event);
      default:
        return [];
    }
  }

  /** Returns the attempt that has not ended. */
  end(): HistoryItem[] {
    return this.#close({ as: 'unknown' });
  }

  #request({ time, mode, modifiedBy, change }: Named<'received'>): HistoryItem[] {
    if (readMode(mode)?.phase !== 'requested') return [];
    const request = `${mode} ${modifiedBy}`;
    if (this.#lastRequest === request && (change === 'refresh' || change === 'list')) return [];
    this.#forgetLatest();
    this.#lastRequest = request;
    this.#queuedAt = undefined;
    return [{ kind: 'request', time, mode, ...(modifiedBy === undefined ? {} : { modifiedBy }) }];
  }

  #begin(event: AccountEvent, resumed: boolean): HistoryItem[] {
    const { time, job = '', mode = '' } = event;
    const before = this.#close({ as: 'interrupted', time });
    const queued = this.#queuedAt === undefined ? undefined : between(this.#queuedAt, time);
    this.#queuedAt = undefined;
    this.#forgetLatest();
    const queuedMilliseconds = queued === undefined ? {} : { queuedMilliseconds: queued };
    const begun = { time, job, mode: readMode(mode)?.mode ?? mode, resumed, ...queuedMilliseconds };
    this.#attempt = { begun, steps: [], output: [], earlierLines: 0 };
    return before;
  }

  /**
   * Returns the attempt with the job of this event. It begins one if there is none, because the
   * journal may begin in the middle of an attempt.
   */
  #attemptOf(event: AccountEvent): { readonly before: HistoryItem[]; readonly attempt: OpenAttempt | undefined } {
    const isOther = event.job !== undefined && this.#attempt?.begun.job !== event.job;
    const before = isOther ? this.#begin(event, false) : [];
    return { before, attempt: this.#attempt };
  }

  #during(event: Named<'step' | 'output'>): HistoryItem[] {
    const { before, attempt } = this.#attemptOf(event);
    if (event.event === 'step') attempt?.steps.push(stepOf(event));
    else if (attempt !== undefined) {
      attempt.output.push({ stream: event.stream, line: event.line });
      if (attempt.output.length > MOST_LINES) {
        attempt.output.shift();
        attempt.earlierLines += 1;
      }
    }
    return before;
  }

  #retrying(event: Named<'retrying'>): HistoryItem[] {
    if (event.job === undefined) return this.#note(event);
    const { before, attempt } = this.#attemptOf(event);
    const { time, reason, cause } = event;
    if (attempt !== undefined) attempt.retrying ??= { as: 'retrying', time, reason, ...causeOf(cause) };
    return before;
  }

  #ended(event: Named<'finished' | 'failed' | 'superseded'>): HistoryItem[] {
    if (event.job === undefined) return this.#note(event);
    const { before } = this.#attemptOf(event);
    const items = [...before, ...this.#close(endOf(event))];
    this.#isFailed = event.event === 'failed';
    return items;
  }

  #forgetLatest(): void {
    this.#lastRequest = '';
    this.#lastNote = '';
    this.#isFailed = false;
  }

  #close(end: AttemptEnd): HistoryItem[] {
    const attempt = this.#attempt;
    if (attempt === undefined) return [];
    this.#attempt = undefined;
    const { begun, steps, output, earlierLines, retrying } = attempt;
    const isOpen = end.as === 'interrupted' || end.as === 'unknown';
    const last = isOpen && retrying !== undefined ? retrying : end;
    const lasted = 'time' in last && last.as !== 'interrupted' ? { milliseconds: between(begun.time, last.time) } : {};
    return [{ kind: 'attempt', ...begun, steps, output, earlierLines, end: last, ...lasted }];
  }

  #note(event: AccountEvent): HistoryItem[] {
    const text = describeEvent(event);
    const note = `${event.event} ${text}`;
    if (note === this.#lastNote) return [];
    this.#lastNote = note;
    return [{ kind: 'note', time: event.time, event: event.event, text }];
  }
}

function stepOf({ name, milliseconds, outcome, returnValue }: Named<'step'>): AttemptItem['steps'][number] {
  return { name, milliseconds, outcome, ...(returnValue === undefined ? {} : { returnValue }) };
}

function endOf(event: Named<'finished' | 'failed' | 'superseded'>): AttemptEnd {
  const { time } = event;
  if (event.event === 'finished') return { as: 'finished', time, state: event.state };
  if (event.event === 'superseded') return { as: 'superseded', time, reason: event.reason };
  const { returnValue, step, reason, cause } = event;
  return { as: 'failed', time, returnValue, step, reason, ...causeOf(cause) };
}

function causeOf(cause: string | undefined): { readonly cause?: string } {
  return cause === undefined ? {} : { cause };
}

function between(from: string, to: string): number {
  return Math.max(0, Date.parse(to) - Date.parse(from));
}
