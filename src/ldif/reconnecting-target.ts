import { defined } from '../domain/defined.ts';
import { DirectoryError, ResultCode } from '../domain/directory-error.ts';
import { backoff, type Pauses } from '../domain/retry.ts';
import { type ChangeRecord, GivenUp, type LdifTarget } from './apply-ldif.ts';
import { type ChangeConnection, ConnectionLost } from './directory-target.ts';
import { standingOf } from './lost-answer.ts';

export interface ReconnectingTargetOptions {
  readonly connect: () => Promise<ChangeConnection>;
  /** The longest time that the directory may be away, in milliseconds. */
  readonly giveUpAfter: number;
  /** The pauses between two attempts while the directory is away. */
  readonly pauses: Pauses;
  readonly now: () => number;
  readonly delay: (milliseconds: number) => Promise<void>;
  /**
   * `away` is called when the directory goes away; `back` when it answers again, with the time that
   * it was away, in milliseconds.
   */
  readonly away: (reason: string) => void;
  readonly back: (milliseconds: number) => void;
}

/**
 * After this number of lost connections a record fails. A directory closes the connection on a
 * request that it finds too large.
 */
const MOST_LOSSES = 3;

/**
 * Applies records to a directory that may be restarted meanwhile:
 *
 *   connected --the connection breaks, or the directory is busy--> away
 *   away --a record is answered--> connected
 *   away --for longer than `giveUpAfter`, or it refuses the connection--> given up
 *
 * A record whose answer was lost is sent again only after its entry was read and judged.
 */
export class ReconnectingTarget implements LdifTarget {
  readonly #options: ReconnectingTargetOptions;
  #connection: ChangeConnection;
  /** The DN of the entry that was added last. */
  #added: string | undefined;
  /** Set while the directory is away: since when, and the number of failed attempts. */
  #away: { readonly since: number; attempts: number } | undefined;

  /** `connection` is the first one. `close` closes it, or the one that has replaced it. */
  constructor(connection: ChangeConnection, options: ReconnectingTargetOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  async apply(record: ChangeRecord): Promise<void> {
    let losses = 0;
    while (!(await this.#attempt(record, losses > 0))) {
      if (!this.#connection.closed) continue; // the directory was busy
      losses += 1;
      if (losses >= MOST_LOSSES) throw tooOften();
    }
    if (record.change.kind === 'add') this.#added = record.dn;
  }

  close(): void {
    this.#connection.close();
  }

  /**
   * Resolves to true if the record was applied. Resolves to false if the record is to be tried
   * again, because the connection was lost, or because the directory was busy and the pause is
   * over. Rejects if the directory refuses the record.
   */
  async #attempt(record: ChangeRecord, wasLost: boolean): Promise<boolean> {
    const connection = await this.#connected(wasLost);
    try {
      await this.#findOutcome(record, connection, wasLost);
    } catch (error) {
      if (error instanceof ConnectionLost) {
        this.#leave(error.message);
        return false;
      }
      if (!isForNow(error)) {
        this.#answered();
        throw error;
      }
      this.#leave(error.message);
      await this.#pause(error, wasLost);
      return false;
    }
    this.#answered();
    return true;
  }

  async #findOutcome(record: ChangeRecord, connection: ChangeConnection, wasLost: boolean): Promise<void> {
    const { dn, change } = record;
    if (!wasLost) return connection.send(dn, change);
    const standing = await standingOf(record, (at) => connection.read(at), this.#added);
    if (standing.kind === 'done') return;
    if (standing.kind === 'unknown') throw unknown(standing.reason);
    await connection.send(dn, change).catch((error: unknown) => {
      throw error instanceof DirectoryError ? perhapsOwn(error) : error;
    });
  }

  /** Returns the open connection, or a new one when the directory is back. */
  async #connected(wasLost: boolean): Promise<ChangeConnection> {
    while (this.#connection.closed) {
      this.#leave('the directory closed the connection');
      try {
        this.#connection = await this.#options.connect();
      } catch (error) {
        if (!(error instanceof DirectoryError)) throw error;
        if (error.resultCode !== undefined && !isForNow(error)) throw givenUp(error, wasLost);
        await this.#pause(error, wasLost);
      }
    }
    return this.#connection;
  }

  #leave(reason: string): void {
    if (this.#away !== undefined) return;
    const { now, away } = this.#options;
    this.#away = { since: now(), attempts: 0 };
    away(reason);
  }

  #answered(): void {
    if (this.#away !== undefined) this.#options.back(this.#options.now() - this.#away.since);
    this.#away = undefined;
  }

  /** Waits until the next attempt. Rejects with `GivenUp` after `giveUpAfter`. */
  async #pause(error: Error, wasLost: boolean): Promise<void> {
    const { now, delay, giveUpAfter, pauses } = this.#options;
    const away = this.#away ?? { since: now(), attempts: 0 };
    const left = away.since + giveUpAfter - now();
    if (left <= 0) throw givenUp(error, wasLost);
    away.attempts += 1;
    await delay(Math.min(left, backoff(away.attempts, pauses)));
  }
}

/** Whether the directory says that it cannot serve the request at the moment. */
function isForNow(error: unknown): error is DirectoryError {
  return (
    error instanceof DirectoryError &&
    (error.resultCode === ResultCode.busy || error.resultCode === ResultCode.unavailable)
  );
}

const NOT_KNOWN = 'it is not known whether the change was made: read the entry before you try again';

function unknown(reason: string): DirectoryError {
  return new DirectoryError(`the answer was lost, and ${reason}`, { remedy: NOT_KNOWN });
}

function perhapsOwn({ message, resultCode, remedy }: DirectoryError): DirectoryError {
  return new DirectoryError(`${message} (an earlier answer was lost: this may be the effect of the record itself)`, {
    ...defined({ resultCode, remedy }),
  });
}

function tooOften(): DirectoryError {
  const limits = 'slapd: sockbuf_max_incoming_auth; 389-ds: nsslapd-maxbersize';
  return new DirectoryError(`the connection broke ${MOST_LOSSES} times at this record`, {
    remedy: `the record may be larger than the directory accepts (${limits}): see the log of the directory; ${NOT_KNOWN}`,
  });
}

function givenUp(cause: Error, wasLost: boolean): GivenUp {
  const remedy = cause instanceof DirectoryError && cause.remedy !== undefined ? `; ${cause.remedy}` : '';
  return new GivenUp(`the load has stopped: ${cause.message}${wasLost ? `; ${NOT_KNOWN}` : remedy}`, { cause });
}
