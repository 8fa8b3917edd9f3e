/**
 * A lease says which service works on a uid. It is the only value of `description` in the entry
 * `cn=<uid>,<leases.base>`, which all services read:
 *
 *   free                                              no service works on the uid
 *   left [<attempt>]                                  given up by a service that stopped
 *   held <holder> <job> <turn> <duration>             a service works on it
 *   paused <holder> <job> <turn> <duration> <attempt> the service waits before its next attempt
 *
 * `duration`, in milliseconds, is how long the value may stay unchanged. A service that has seen it
 * unchanged for longer, on its own monotonic clock, may take the lease over. So no clock is
 * compared with another one, and services with different settings understand each other.
 *
 * `turn` is new in each value that a service writes, so no such value occurs twice. The directory
 * compares values without regard to case, so they are read and written in lower case.
 *
 * `attempt` is the number of the next attempt, or of the interrupted one. `left` without it means
 * 1.
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
  /**
   * The lease belongs to no service, and no service takes it. `reason` says what to do about it.
   */
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
 * The holder of a lease: the service that has a certain file locked on its host. A service may take
 * over at once a lease that names its own holder, because the service that wrote it has ended, or
 * is the same one. Therefore two services must never have the same holder: a service without a lock
 * needs a file of its own.
 */
export interface Holder {
  /** The installation, as people know it. */
  readonly installation: string;
  /**
   * The locked file, by its device and inode. A copy of the installation, or another view of the
   * file system, locks another file of the same name.
   */
  readonly lock: string;
  /**
   * The boot id of the kernel. Devices and inodes are unique only within it, and no lock outlives
   * it.
   */
  readonly boot: string;
}

/** The word for a holder. Throws a RangeError if a part has a slash, a blank or nothing. */
export function holderWord({ installation, lock, boot }: Holder): string {
  for (const part of [installation, lock, boot]) {
    if (!/^[A-Za-z0-9._:-]{1,64}$/.test(part)) throw new RangeError(`"${part}" cannot be part of a holder`);
  }
  return `${installation}/${lock}/${boot}`.toLowerCase();
}

/**
 * Returns the parts of a holder; undefined if the word is not one, for example because another
 * version of the service wrote it.
 */
export function readHolder(word: string): Holder | undefined {
  const [installation, lock, boot, ...others] = word.split('/');
  if (installation === undefined || lock === undefined || boot === undefined || others.length > 0) return undefined;
  return { installation, lock, boot };
}

/** In milliseconds: 11 days. A lease with a much longer duration could never be taken over. */
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
