import type { PublishedEvent } from '../../domain/event.ts';
import { type Mode, readMode } from '../../domain/mode.ts';
import type { ServiceSnapshot } from '../../domain/status.ts';
import { withoutName } from '../../observability/condition-words.ts';
import { localTime, readableStamp } from '../../observability/human-time.ts';
import { failureKey } from './failure-key.ts';

/**
 * The condition of an account as the page shows it: the conditions of the service, and two for
 * accounts that the service no longer holds.
 */
export type Condition = 'inWork' | 'failed' | 'retrying' | 'waiting' | 'queued' | 'deferred' | 'done' | 'gone';

/** The conditions in which a snapshot lists accounts. */
export const LISTED = ['inWork', 'failed', 'retrying', 'waiting', 'queued', 'deferred'] as const;
export type Listed = (typeof LISTED)[number];

/** The most accounts in each condition that the page requests in a snapshot. */
export const MOST_LISTED = 200;

/** The words for each condition. */
export const CONDITION_WORDS: Readonly<Record<Condition, string>> = {
  inWork: 'in work',
  failed: 'failed',
  retrying: 'retrying',
  waiting: 'waiting',
  queued: 'queued',
  deferred: 'deferred',
  done: 'done',
  gone: 'left',
};

/** An account, as the page knows it from events and from the last snapshot. */
export interface Account {
  readonly uid: string;
  dn: string;
  mode: Mode | '';
  condition: Condition;
  /** When the account came into the condition, in milliseconds since 1970. */
  since: number;
  /** The time of the event or snapshot that showed the condition, in milliseconds since 1970. */
  asOf: number;
  /** The events in order. */
  readonly events: AccountEvent[];
  /** True if it is in work for longer than its limit, or ten times as long as usual. */
  isStuck: boolean;
  /** The reason for the condition, in words. */
  reason: string;
  /** The key of its failure, if it has failed. */
  failure: string | undefined;
}

export type AccountEvent = Extract<PublishedEvent, { readonly dn: string }> & { readonly uid: string };

/** Creates an account of which only the uid is known. */
export function newAccount(uid: string): Account {
  return {
    uid,
    dn: '',
    mode: '',
    condition: 'done',
    since: 0,
    asOf: 0,
    events: [],
    isStuck: false,
    reason: '',
    failure: undefined,
  };
}

/**
 * Returns the event if it is about an account. Undefined for an event of the service, or of an
 * entry without a usable uid.
 */
export function accountEvent(event: PublishedEvent): AccountEvent | undefined {
  return 'dn' in event && event.uid !== undefined ? (event as AccountEvent) : undefined;
}

/** Sets the condition that follows from an event, unless something newer is known. */
export function applyEvent(account: Account, event: AccountEvent): void {
  const at = Date.parse(event.time);
  if (at < account.asOf) return;
  account.asOf = at;
  account.dn = event.dn;
  if (event.mode !== undefined) account.mode = readMode(event.mode)?.mode ?? account.mode;
  const next = conditionAfter(account, event);
  if (next === undefined) return;
  const isNewOccurrence = next === 'inWork' || next === 'failed' || next === 'done';
  if (isNewOccurrence || next !== account.condition) account.since = at;
  account.condition = next;
  account.isStuck = false;
  account.reason = reasonOf(event);
  account.failure = event.event === 'failed' ? failureKey(event, event.uid) : undefined;
}

function conditionAfter({ condition }: Account, event: AccountEvent): Condition | undefined {
  switch (event.event) {
    case 'queued':
      // A newer request for an account that is in work waits until that work has ended.
      return condition === 'inWork' ? undefined : 'queued';
    case 'claimed':
    case 'resumed':
      return 'inWork';
    case 'finished':
      return 'done';
    case 'failed':
    case 'retrying':
    case 'waiting':
    case 'deferred':
      return event.event;
    case 'superseded':
      return condition === 'inWork' ? 'done' : undefined;
    case 'left':
      return 'gone';
    case 'skipped':
      return event.returnValue === undefined ? undefined : 'failed';
    default:
      return undefined;
  }
}

type ListedAccount<L extends Listed> = ServiceSnapshot[L][number];

/** Sets the condition in which a snapshot lists the account, unless something newer is known. */
export function applyListed<L extends Listed>(
  account: Account,
  condition: L,
  listed: ListedAccount<L>,
  at: number,
): void {
  const { dn, mode, since } = listed;
  if (at < account.asOf) return;
  account.asOf = at;
  account.dn = dn;
  account.mode = readMode(mode)?.mode ?? account.mode;
  const before = account.condition;
  account.condition = condition;
  const began = 'begunAt' in listed ? Date.parse(listed.begunAt) : Date.parse(since ?? '');
  if (!Number.isNaN(began)) account.since = began;
  else if (before !== condition) account.since = 0;
  account.isStuck = 'stuck' in listed && listed.stuck;
  account.reason = reasonOf(listed);
  account.failure = 'returnValue' in listed ? failureKey(listed, listed.uid) : undefined;
}

/** Returns why an account is in its condition. For a failure: the last words of the script. */
function reasonOf(about: AccountEvent | ListedAccount<Listed>): string {
  if ('begunAt' in about)
    return `${about.step === undefined ? about.doing : `step ${about.step}`}${nth(about.attempt)}`;
  const code = 'returnValue' in about && about.returnValue !== undefined ? `${about.returnValue} ` : '';
  const next = 'dueAt' in about ? `attempt ${about.attempt} at ${localTime(about.dueAt, about.dueAt)}: ` : '';
  if ('cause' in about && about.cause !== undefined) return `${code}"${about.cause}"`;
  if ('reason' in about) return `${next}${code}${withoutName(about.reason, Number(code))}`;
  return 'until' in about ? `until ${readableStamp(about.until)}` : '';
}

function nth(attempt: number): string {
  return attempt > 1 ? `, attempt ${attempt}` : '';
}
