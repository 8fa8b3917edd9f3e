/**
 * A lease says which service works on a uid. It is the only value of `description` in the entry
 * `cn=<uid>,<leases.base>`, where all services look:
 *
 *   free                                              nobody works on the uid
 *   left                                              given up by a service that stopped
 *   held <holder> <job> <turn> <duration>             a service works on it
 *   paused <holder> <job> <turn> <duration> <attempt> it waits before its next attempt
 *
 * `duration`, in milliseconds, is for how long the value may stay as it is. Who has seen it
 * unchanged for longer, on its own monotonic clock, may take the lease over. So no clock is compared
 * with another one, and services with different settings understand each other.
 *
 * `turn` is new in each value that a service writes, so no such value stands there twice. The
 * directory compares values without regard to case; so they are read and written in lower case.
 */
export type Lease =
  | { readonly is: 'free' | 'left'; readonly text: string }
  | ({ readonly is: 'held' } & Holding)
  | ({ readonly is: 'paused'; readonly attempt: number } & Holding);

interface Holding {
  readonly text: string;
  readonly holder: string;
  readonly job: string;
  readonly turn: string;
  readonly duration: number;
}

export type HeldLease = Extract<Lease, { readonly is: 'held' }>;
export type PausedLease = Extract<Lease, { readonly is: 'paused' }>;

/** What was read: a lease, no entry, or an entry that is no lease. Equal texts: nothing changed. */
export type LeaseReading =
  | Lease
  | { readonly is: 'missing'; readonly text: '' }
  /** Nobody's, and taken by nobody. `reason` says what to do about it. */
  | { readonly is: 'unclear'; readonly text: string; readonly reason: string };

export const FREE: Lease = { is: 'free', text: 'free' };
export const LEFT: Lease = { is: 'left', text: 'left' };
export const MISSING: LeaseReading = { is: 'missing', text: '' };

/** The parts of a value to write. `holder`, `job` and `turn` must be words: see `isLeaseWord`. */
export type LeaseWords = Omit<Holding, 'text'>;

export function heldLease(words: LeaseWords): HeldLease {
  return { is: 'held', ...holding('held', words) };
}

export function pausedLease(words: LeaseWords, attempt: number): PausedLease {
  const { text, ...rest } = holding('paused', words);
  return { is: 'paused', ...rest, text: `${text} ${attempt}`, attempt };
}

/** Whether a text may be a holder, a job or a turn: it has no blank and survives any comparison. */
export function isLeaseWord(text: string): boolean {
  return /^[\x21-\x7e]{1,200}$/.test(text);
}

/** Reads the values of `description`. Undefined: there is no such entry. */
export function readLease(values: readonly string[] | undefined): LeaseReading {
  if (values === undefined) return MISSING;
  const words = values.map((value) => value.trim().toLowerCase().split(/\s+/));
  const text = words.map((each) => each.join(' ')).join('\n');
  const [only, ...others] = words;
  if (only === undefined || others.length > 0) return unclear(text, `has ${values.length} values of description`);
  return leaseOf(only, text) ?? unclear(text, 'has a description that is no lease');
}

/** A service with its place: the same text only for the same slot of the same host since its boot. */
export interface Holder {
  /** Names this installation among all that work on the accounts. */
  readonly installation: string;
  /** The slot of the host that the service has locked. */
  readonly slot: string;
  /** The boot id of the kernel: after a boot nothing of before runs any more. */
  readonly boot: string;
}

/** The word for a holder. Throws a RangeError if a part has a slash, a blank or nothing. */
export function holderWord({ installation, slot, boot }: Holder): string {
  for (const part of [installation, slot, boot]) {
    if (!/^[A-Za-z0-9._:-]{1,64}$/.test(part)) throw new RangeError(`"${part}" cannot be part of a holder`);
  }
  return `${installation}/${slot}/${boot}`.toLowerCase();
}

/** The parts of a holder; undefined if the word is none, as of another version of the service. */
export function readHolder(word: string): Holder | undefined {
  const [installation, slot, boot, ...others] = word.split('/');
  if (installation === undefined || slot === undefined || boot === undefined || others.length > 0) return undefined;
  return { installation, slot, boot };
}

function holding(is: 'held' | 'paused', words: LeaseWords): Holding {
  const { duration } = words;
  const [holder, job, turn] = [words.holder.toLowerCase(), words.job.toLowerCase(), words.turn.toLowerCase()];
  return { holder, job, turn, duration, text: `${is} ${holder} ${job} ${turn} ${duration}` };
}

function leaseOf(words: readonly string[], text: string): Lease | undefined {
  if (text === 'free') return FREE;
  if (text === 'left') return LEFT;
  const [is, holder, job, turn, lasts, tries, ...others] = words;
  const duration = numberOf(lasts);
  if (holder === undefined || job === undefined || turn === undefined || duration === undefined) return undefined;
  const parts = { text, holder, job, turn, duration };
  if (is === 'held') return tries === undefined ? { is, ...parts } : undefined;
  const attempt = numberOf(tries);
  if (is !== 'paused' || attempt === undefined || others.length > 0) return undefined;
  return { is, ...parts, attempt };
}

/** At most 11 days: a value that says more is no lease, as nobody could ever take it over. */
function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function unclear(text: string, fault: string): LeaseReading {
  const remedy = 'when no service works on this account, replace its description by the one value free';
  return { is: 'unclear', text, reason: `the lease ${fault}; ${remedy}` };
}
