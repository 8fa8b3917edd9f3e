import type { AccountRecord, AttributeNames } from './account.ts';
import { isTokenDay } from './fence.ts';
import { type Mode, neededActive, readMode, WORDS } from './mode.ts';

/**
 * The state machine of an account:
 *
 * requested (add) --claim--> in work (adding) --success--> finished (added, state = time)
 *                                  |  ^
 *                                  |  +--- resume: the earlier attempt was interrupted
 *                                  +-- failure --> in work, return value not 0, until a new request
 *
 * `decide` returns the move that is open for an account, with a reason for operators.
 */
export type Decision =
  | StartDecision
  /** Due on a later day, `YYYYMMDD` in the configured time zone. */
  | { readonly kind: 'defer'; readonly mode: Mode; readonly until: string; readonly reason: string }
  /**
   * Wait for a change of the entry or, with `recheckInMilliseconds`, until that time has passed.
   */
  | { readonly kind: 'wait'; readonly mode: Mode; readonly reason: string; readonly recheckInMilliseconds?: number }
  /** The last attempt failed. Nothing happens until a new request. */
  | { readonly kind: 'failed'; readonly mode: Mode; readonly returnValue: string; readonly reason: string }
  /** There is no request. */
  | { readonly kind: 'noRequest'; readonly reason: string };

/** Start now: claim a request, or resume interrupted work. */
export interface StartDecision {
  readonly kind: 'claim' | 'resume';
  readonly mode: Mode;
  readonly reason: string;
}

export function isStart(decision: Decision): decision is StartDecision {
  return decision.kind === 'claim' || decision.kind === 'resume';
}

/** What a decision depends on, in addition to the entry. */
export type DecisionContext = DecisionRules & Circumstances;

/** What does not change while the service runs. */
export interface DecisionRules {
  readonly names: Pick<AttributeNames, 'mode' | 'state' | 'date' | 'active'>;
}

/** What is known at the moment of a decision. */
export interface Circumstances {
  /** Today, `YYYYMMDD`, in the configured time zone. */
  readonly today: string;
  /**
   * For how much longer a service that should not exist may be at work on the account, or on
   * another entry with this uid, in milliseconds. 0 or less: none is.
   */
  readonly othersTimeLeft: number;
  /**
   * For how much longer the account waits because the server in use shows an older version of it
   * than is known, in milliseconds. 0 or less: it does not wait. Infinity: it waits until the
   * server shows that version, or until a new request.
   */
  readonly behindTimeLeft: number;
}

/** Decides what to do with an account. Pure; returns a decision for every record. */
export function decide(record: AccountRecord, context: DecisionContext): Decision {
  const { names } = context;
  const reading = readMode(record.mode);
  if (reading === undefined) return { kind: 'noRequest', reason: `the mode ${record.mode} is another program's` };
  if (record.state !== '0') {
    return { kind: 'noRequest', reason: `${names.state} is ${record.state}, not 0: nothing is requested` };
  }
  const { mode } = reading;
  switch (reading.phase) {
    case 'finished':
      return { kind: 'noRequest', reason: `${names.mode} is ${WORDS[mode].finished}: nothing is requested` };
    case 'requested':
      return unlessBehind(decideRequested(record, mode, context), context);
    case 'inWork':
      return unlessBehind(decideInWork(record, mode, context), context);
  }
}

/**
 * Starts nothing on an outdated version of an account: an older delete must not follow a newer add.
 */
function unlessBehind(decision: Decision, { behindTimeLeft }: DecisionContext): Decision {
  if (behindTimeLeft <= 0) return decision;
  if (!isStart(decision)) return decision;
  const { mode } = decision;
  return behindTimeLeft === Infinity
    ? { kind: 'wait', mode, reason: `${BEHIND}; a ${mode} waits until it catches up, or is requested again` }
    : {
        kind: 'wait',
        mode,
        reason: `${BEHIND}; the account is handled when the server catches up, or after directory.behindAfter`,
        recheckInMilliseconds: behindTimeLeft,
      };
}

const BEHIND =
  'the directory server in use shows an older version of the account than is known: it lags, or was restored';

function decideRequested(record: AccountRecord, mode: Mode, context: DecisionContext): Decision {
  const { today, names } = context;
  const day = record.date?.value ?? '0';
  if (day !== '0' && day > today) {
    return { kind: 'defer', mode, until: day, reason: `${record.date?.name} is ${day}, today is ${today}` };
  }
  if (!preconditionHolds(record, mode)) {
    const now = record.active === undefined ? 'missing' : ldapBoolean(record.active);
    const needed = ldapBoolean(neededActive(mode) === true);
    return { kind: 'wait', mode, reason: `${names.active} is ${now}; ${mode} waits until it is ${needed}` };
  }
  const { othersTimeLeft } = context;
  if (othersTimeLeft > 0) {
    const reason = `another service may still be working on an earlier request; it handles the ${mode} afterwards`;
    return { kind: 'wait', mode, reason, recheckInMilliseconds: othersTimeLeft };
  }
  const since = day === '0' || isTokenDay(day) ? 'now' : `since ${day}`;
  return { kind: 'claim', mode, reason: `${mode} is requested and due ${since}` };
}

function decideInWork(record: AccountRecord, mode: Mode, context: DecisionContext): Decision {
  if (isFailure(record.returnValue)) {
    const returnValue = record.returnValue ?? '';
    return {
      kind: 'failed',
      mode,
      returnValue,
      reason: `the last attempt failed with ${returnValue}; write the mode ${mode} again, or use retry`,
    };
  }
  const { othersTimeLeft } = context;
  if (othersTimeLeft <= 0) {
    return { kind: 'resume', mode, reason: `found ${WORDS[mode].inWork} and no service is working on it` };
  }
  const reason =
    'another service has claimed the account; it is resumed when it has been unchanged for as long as a handler may take';
  return { kind: 'wait', mode, reason, recheckInMilliseconds: othersTimeLeft };
}

/**
 * Whether the precondition of a mode holds. The claim's compare-and-swap must not name that
 * attribute, as others may write it. So it is checked before the claim, and again after it.
 */
export function preconditionHolds({ active }: Pick<AccountRecord, 'active'>, mode: Mode): boolean {
  const needed = neededActive(mode);
  return needed === undefined || active === needed;
}

/** A truth value in LDAP's spelling (RFC 4517, section 3.3.3). */
export function ldapBoolean(value: boolean): string {
  return value ? 'TRUE' : 'FALSE';
}

/** Whether a stored return value means that the attempt failed. */
export function isFailure(returnValue: string | undefined): boolean {
  return returnValue !== undefined && !/^[+-]?0*$/.test(returnValue);
}

/**
 * Whether an attempt at the account is, or was, under way: the account is open and has not failed.
 */
export function isInWork({ mode, state, returnValue }: AccountRecord): boolean {
  return state === '0' && !isFailure(returnValue) && readMode(mode)?.phase === 'inWork';
}
