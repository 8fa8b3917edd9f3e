import type { AttributeNames } from '../domain/account.ts';
import type { DirectoryChange } from '../domain/change.ts';
import type { AccountDirectory } from '../domain/directory.ts';
import { DirectoryError, ResultCode } from '../domain/directory-error.ts';
import { type DirectoryEntry, entryOf } from '../domain/entry.ts';
import type { PublishedEvent } from '../domain/event.ts';
import type { HandlerOutcome, RunHandler } from '../domain/job.ts';
import { readMode } from '../domain/mode.ts';
import { ReturnCode } from '../domain/return-code.ts';
import type { Modification } from '../domain/transition.ts';
import { decideUid } from '../domain/uid.ts';
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

/** What the record says about a modify: it succeeded, or found that somebody else had written. */
type Verdict = 'taken' | 'mismatch';

/**
 * Stands in for the directory and for the handlers: each modify and each handler ends when, and as, the record says. The entries
 * are those that the directory told, and what the modifies made of them. Bounded by the accounts that are open.
 */
export class RecordedNight implements AccountDirectory {
  readonly #names: AttributeNames;
  readonly #entries = new Map<string, DirectoryEntry>();
  readonly #claims: Tokens<Verdict>;
  readonly #writeBacks: Tokens<Verdict>;
  readonly #outcomes: Tokens<HandlerOutcome>;

  /** `signal`: the record has ended; whatever still waits for its end is given up. */
  constructor(names: AttributeNames, signal: AbortSignal) {
    this.#names = names;
    this.#claims = new Tokens(signal);
    this.#writeBacks = new Tokens(signal);
    this.#outcomes = new Tokens(signal);
  }

  readonly runHandler: RunHandler = (job) => this.#outcomes.take(job.record.uid).catch(() => GIVEN_UP);

  /** What the directory told. Called before the stream hears of it. */
  told(change: DirectoryChange): void {
    if (change.kind === 'entry') this.#entries.set(keyOf(change.entry.dn), change.entry);
    if (change.kind !== 'left') return;
    const entry = this.#entries.get(keyOf(change.dn));
    // Our own write-back makes an entry leave, and that may be told before its answer.
    if (entry !== undefined && !this.#writeBacks.isWaiting(uidOf(entry))) this.#entries.delete(keyOf(change.dn));
  }

  /** How a handler ended. */
  ended(uid: string, outcome: HandlerOutcome): void {
    this.#outcomes.give(uid, outcome);
  }

  /** What the stream made of it then. */
  said(event: PublishedEvent): void {
    switch (event.event) {
      case 'claimed':
        this.#claims.give(event.uid, 'taken');
        return;
      case 'conflict':
        this.#claims.give(event.uid, 'mismatch');
        return;
      case 'finished':
      case 'failed':
        this.#writeBacks.give(event.uid, 'taken');
        return;
      case 'superseded':
        // Without a job it is a request that was replaced while it waited: nothing was written.
        if (event.job !== undefined) this.#writeBacks.give(event.uid, 'mismatch');
        return;
      default:
        return;
    }
  }

  async modify(dn: string, modifications: readonly Modification[]): Promise<DirectoryEntry | undefined> {
    const before = this.#entries.get(keyOf(dn));
    if (before === undefined) throw new DirectoryError(`there is no ${dn}`, { resultCode: ResultCode.noSuchObject });
    const uid = uidOf(before);
    const kind = this.#kindOf(modifications);
    const verdict = kind === 'other' ? 'taken' : await (kind === 'claim' ? this.#claims : this.#writeBacks).take(uid);
    const now = this.#entries.get(keyOf(dn)) ?? before;
    if (verdict === 'mismatch') {
      // Where the newer content has not been told yet, all that is known is that the old one no longer stands.
      if (kind === 'writeBack' && stands(now, modifications)) this.#entries.delete(keyOf(dn));
      throw new DirectoryError(`${dn} was changed`, { resultCode: ResultCode.noSuchAttribute });
    }
    const after = apply(now, modifications);
    if (kind === 'writeBack' && this.#phaseOf(after) === 'finished') this.#entries.delete(keyOf(dn));
    else this.#entries.set(keyOf(dn), after);
    return after;
  }

  async read(dn: string): Promise<DirectoryEntry | undefined> {
    return this.#entries.get(keyOf(dn));
  }

  async find(entryUUID: string): Promise<DirectoryEntry | undefined> {
    for (const entry of this.#entries.values()) {
      if (entry.values('entryUUID')[0]?.toString('latin1').toLowerCase() === entryUUID) return entry;
    }
    return undefined;
  }

  /** Which transition a modify is: those that another writer can spoil have their end in the record. */
  #kindOf(modifications: readonly Modification[]): 'claim' | 'writeBack' | 'other' {
    const { mode, returnValue } = this.#names;
    const word = (operation: string) =>
      modifications.find((change) => change.attribute === mode && change.operation === operation)?.values[0] ?? '';
    const to = readMode(word('add'))?.phase;
    if (to === 'finished') return 'writeBack';
    if (to !== 'inWork') return 'other';
    if (readMode(word('delete'))?.phase === 'requested') return 'claim';
    const toggles = modifications.some(
      ({ attribute, operation }) => attribute === returnValue && operation !== 'replace',
    );
    return toggles ? 'other' : 'writeBack';
  }

  #phaseOf(entry: DirectoryEntry): string | undefined {
    return readMode(entry.values(this.#names.mode)[0]?.toString('utf8') ?? '')?.phase;
  }
}

/** Whether all the values that a modify deletes by name are there. */
function stands(entry: DirectoryEntry, modifications: readonly Modification[]): boolean {
  return modifications.every(({ operation, attribute, values }) => {
    if (operation !== 'delete') return true;
    const present = entry.values(attribute).map((value) => value.toString('utf8').toLowerCase());
    return values.every((value) => present.includes(value.toLowerCase()));
  });
}

/** The entry after a modify that succeeded: the values deleted by name are gone, whatever they were. */
function apply(entry: DirectoryEntry, modifications: readonly Modification[]): DirectoryEntry {
  const attributes = new Map([...entry.attributes()].map(([name, values]) => [name.toLowerCase(), [...values]]));
  for (const { operation, attribute, values } of modifications) {
    const key = attribute.toLowerCase();
    const given = values.map((value) => Buffer.from(value, 'utf8'));
    if (operation === 'add') attributes.set(key, [...(attributes.get(key) ?? []), ...given]);
    else attributes.set(key, operation === 'replace' ? given : []);
  }
  const kept = [...attributes].filter(([, values]) => values.length > 0);
  return entryOf(entry.dn, Object.fromEntries(kept));
}

function uidOf(entry: DirectoryEntry): string {
  const values = entry.values('uid').map((value) => value.toString('utf8'));
  return decideUid(entry.dn, values) ?? entry.dn;
}

function keyOf(dn: string): string {
  return dn.toLowerCase();
}
