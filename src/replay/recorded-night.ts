import type { AccountDirectory } from '../domain/directory.ts';
import type { DirectoryAnswer } from '../domain/directory-answer.ts';
import { DirectoryError } from '../domain/directory-error.ts';
import type { DirectoryEntry } from '../domain/entry.ts';
import type { HandlerOutcome, RunHandler } from '../domain/job.ts';
import { ReturnCode } from '../domain/return-code.ts';
import { Tokens } from './tokens.ts';

/** The record has ended before the handler. */
const GIVEN_UP: HandlerOutcome = {
  ok: false,
  timings: [],
  step: '',
  returnValue: ReturnCode.UNDEFINED_ERROR,
  reason: 'the record has ended',
  retry: 'permanent',
  aborted: true,
};

/**
 * Stands in for the directory and for the handlers: each request is answered, and each handler ends, when and as the record says.
 * Whoever asks before the record has come so far waits for it.
 */
export class RecordedNight implements AccountDirectory {
  readonly #answers: Tokens<DirectoryAnswer>;
  readonly #outcomes: Tokens<HandlerOutcome>;

  /** `signal`: the record has ended; whatever still waits for it is given up. */
  constructor(signal: AbortSignal) {
    this.#answers = new Tokens(signal);
    this.#outcomes = new Tokens(signal);
  }

  readonly runHandler: RunHandler = (job) => this.#outcomes.take(job.record.uid).catch(() => GIVEN_UP);

  /** What the directory answered. */
  answered(answer: DirectoryAnswer): void {
    this.#answers.give(keyOf(answer.operation, answer.target), answer);
  }

  /** How a handler ended. */
  ended(uid: string, outcome: HandlerOutcome): void {
    this.#outcomes.give(uid, outcome);
  }

  modify(dn: string): Promise<DirectoryEntry | undefined> {
    return this.#ask('modify', dn);
  }

  read(dn: string): Promise<DirectoryEntry | undefined> {
    return this.#ask('read', dn);
  }

  find(entryUUID: string): Promise<DirectoryEntry | undefined> {
    return this.#ask('find', entryUUID);
  }

  async #ask(operation: DirectoryAnswer['operation'], target: string): Promise<DirectoryEntry | undefined> {
    const { entry, error } = await this.#answers.take(keyOf(operation, target));
    if (error === undefined) return entry;
    const { message, resultCode } = error;
    throw new DirectoryError(message, resultCode === undefined ? {} : { resultCode });
  }
}

function keyOf(operation: string, target: string): string {
  return `${operation} ${target}`;
}
