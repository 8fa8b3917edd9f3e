import type { AccountRecord } from '../domain/account.ts';
import type { AccountDirectory, ModifyOptions } from '../domain/directory.ts';
import type { DirectoryAnswer } from '../domain/directory-answer.ts';
import { DirectoryError } from '../domain/directory-error.ts';
import { type DirectoryEntry, entryOf } from '../domain/entry.ts';
import { isTokenDay } from '../domain/fence.ts';
import type { HandlerOutcome, RunHandler } from '../domain/job.ts';
import { ReturnCode } from '../domain/return-code.ts';
import type { Modification } from '../domain/transition.ts';
import { isNumeric } from '../domain/uid.ts';
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
  /** Of each fencing token that the recorded service wrote, the one that the replay has in its place. */
  readonly #fencingTokens = new Map<string, string>();

  /** `signal`: the record has ended; whatever still waits for it is given up. */
  constructor(signal: AbortSignal) {
    this.#answers = new Tokens(signal);
    this.#outcomes = new Tokens(signal);
  }

  readonly runHandler: RunHandler = (job) => this.#outcomes.take(job.record.uid).catch(() => GIVEN_UP);

  /** What the host said of a uid; it was asked only for those that are no numbers. */
  readonly objection = async ({ uid }: Pick<AccountRecord, 'uid'>): Promise<string | undefined> =>
    isNumeric(uid) ? undefined : (await this.#answers.take(keyOf('host', uid))).error?.message;

  /** What the directory answered. */
  answered(answer: DirectoryAnswer): void {
    this.#answers.give(keyOf(answer.operation, answer.target), answer);
  }

  /** How a handler ended. */
  ended(uid: string, outcome: HandlerOutcome): void {
    this.#outcomes.give(uid, outcome);
  }

  modify(
    dn: string,
    _modifications: readonly Modification[],
    { fence }: ModifyOptions = {},
  ): Promise<DirectoryEntry | undefined> {
    return this.#ask('modify', dn, fence?.by === 'token' ? fence.token : undefined);
  }

  read(dn: string): Promise<DirectoryEntry | undefined> {
    return this.#ask('read', dn);
  }

  find(entryUUID: string): Promise<DirectoryEntry | undefined> {
    return this.#ask('find', entryUUID);
  }

  /** The entry as the replay's own claims would have made it. */
  withOwnTokens(entry: DirectoryEntry): DirectoryEntry {
    if (this.#fencingTokens.size === 0 || entry.unreadable !== undefined) return entry;
    const attributes = [...entry.attributes()].map(([name, values]) => [name, values.map((each) => this.#own(each))]);
    return entryOf(entry.dn, Object.fromEntries(attributes));
  }

  #own(value: Buffer): Buffer {
    const text = value.length === 8 ? value.toString('latin1') : '';
    const own = isTokenDay(text) ? this.#fencingTokens.get(text) : undefined;
    return own === undefined ? value : Buffer.from(own, 'latin1');
  }

  async #ask(
    operation: DirectoryAnswer['operation'],
    target: string,
    ownToken?: string,
  ): Promise<DirectoryEntry | undefined> {
    const { entry, error, token } = await this.#answers.take(keyOf(operation, target));
    if (token !== undefined && ownToken !== undefined) this.#fencingTokens.set(token, ownToken);
    if (error === undefined) return entry === undefined ? undefined : this.withOwnTokens(entry);
    const { message, resultCode } = error;
    throw new DirectoryError(message, resultCode === undefined ? {} : { resultCode });
  }
}

function keyOf(operation: string, target: string): string {
  return `${operation} ${target}`;
}
