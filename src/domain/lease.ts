/**
 * A lease says which service works on a uid. It is the only value of `description` in the entry
 * `cn=<uid>,<leases.base>`, where all services look:
 *
 *   free                                              nobody works on the uid
 *   left [<attempt>]                                  given up by a service that stopped
 *   held <holder> <job> <turn> <duration>             a service works on it
 *   paused <holder> <job> <turn> <duration> <attempt> it waits before its next attempt
 *
 * `duration`, in milliseconds, is for how long the value may stay as it is. Who has seen it
 * unchanged for longer, on its own monotonic clock, may take the lease over. So no clock is
 * compared with another one, and services with different settings understand each other.
 *
 * `turn` is new in each value that a service writes, so no such value stands there twice. The
 * directory compares values without regard to case; so they are read and written in lower case.
 *
 * `attempt` is the number of the next one, or of the one that was interrupted; left alone it is 1.
 */
export type Lease =
  | { readonly is: 'free'; readonly text: string }
  | { readonly is: 'left'; readonly text: string; readonly attempt: number }
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
export const MISSING: LeaseReading = { is: 'missing', text: '' };

/** The parts of a value to write. `holder`, `job` and `turn` must be words: see `isLeaseWord`. */
export type LeaseWords = Omit<Holding, 'text'>;

export function leftLease(attempt: number): Lease {
  return { is: 'left', text: attempt === 1 ? 'left' : `left ${attempt}`, attempt };
}

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

/**
 * Who holds a lease: the service that has the lock of a slot. What a lease says of the same holder
 * is of this service or of one in its slot that has ended, so it may be taken at once. Therefore
 * two services must never have the same holder: a service without a lock needs a slot that nobody
 * has.
 */
export interface Holder {
  /** Names the installation to people. */
  readonly installation: string;
  /**
   * The locked file, by its device and inode: a copy of an installation, or another view of the
   * file system, locks another file of the same name.
   */
  readonly slot: string;
  /**
   * The boot id of the kernel: devices and inodes are told apart by it, and no lock outlives it.
   */
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

/** In milliseconds, 11 days. Nobody could ever take over what says much more. */
const LONGEST_DURATION = 999_999_999;

function holding(is: 'held' | 'paused', words: LeaseWords): Holding {
  const duration = Math.min(Math.ceil(words.duration), LONGEST_DURATION);
  const [holder, job, turn] = [words.holder.toLowerCase(), words.job.toLowerCase(), words.turn.toLowerCase()];
  return { holder, job, turn, duration, text: `${is} ${holder} ${job} ${turn} ${duration}` };
}

function leaseOf(words: readonly string[], text: string): Lease | undefined {
  if (text === 'free') return FREE;
  if (words[0] === 'left') return leftOf(words, text);
  const [is, holder, job, turn, lasts, tries, ...others] = words;
  const duration = numberOf(lasts);
  if (holder === undefined || job === undefined || turn === undefined || duration === undefined) return undefined;
  const parts = { text, holder, job, turn, duration };
  if (is === 'held') return tries === undefined ? { is, ...parts } : undefined;
  const attempt = numberOf(tries);
  if (is !== 'paused' || attempt === undefined || others.length > 0) return undefined;
  return { is, ...parts, attempt };
}

function leftOf([, tries = '1', ...others]: readonly string[], text: string): Lease | undefined {
  const attempt = numberOf(tries);
  return attempt === undefined || others.length > 0 ? undefined : { is: 'left', text, attempt };
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function unclear(text: string, fault: string): LeaseReading {
  const remedy = 'when no service works on this account, replace its description by the one value free';
  return { is: 'unclear', text, reason: `the lease ${fault}; ${remedy}` };
}
