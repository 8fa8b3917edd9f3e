import type { AccountRecord, AttributeNames } from '../domain/account.ts';
import { type Decision, isStart, ldapBoolean } from '../domain/decide.ts';
import { isTokenDay } from '../domain/fence.ts';
import { MODES, type Mode, type ModeReading, modesText, neededActive, readMode, WORDS } from '../domain/mode.ts';
import { namedCode } from '../observability/describe-event.ts';
import { humanDuration, readableStamp } from '../observability/human-time.ts';

export interface ExplainContext {
  readonly names: AttributeNames;
  /** The service's own decision about an account, as of now. */
  readonly decide: (record: AccountRecord) => Decision;
  /** `YYYYMMDD` in `timeZone`. */
  readonly today: string;
  readonly timeZone: string;
}

/** The result of one rule for an account. */
interface RuleSentence {
  readonly rule: 'uid' | 'mode' | 'state' | 'date' | 'active' | 'failure' | 'claim';
  readonly sentence: string;
  /** Whether the decision would change if this attribute had another value. */
  readonly decides: boolean;
}

export interface Explanation {
  readonly rules: readonly RuleSentence[];
  readonly decision: Decision;
  /** What the service would do with the account now. */
  readonly verdict: string;
  /** The obstacles that follow the one in the verdict, in order. */
  readonly afterwards: readonly string[];
  /** What an operator can do. */
  readonly next: string;
}

/**
 * Explains what the service would do with an account, and why. It has no rules of its own: to find
 * the rule that decides, it calls `decide` for the account with one attribute changed.
 */
export function explainAccount(record: AccountRecord, context: ExplainContext): Explanation {
  const { decide } = context;
  const decision = decide(record);
  const reading = readMode(record.mode);
  const changes = changesOf(record);
  const changesDecision = (rule: keyof typeof changes) =>
    comparedDecision(decide(changes[rule])) !== comparedDecision(decision);

  return {
    rules: [
      { rule: 'uid', sentence: `the entry's uid is ${record.uid}: the service can work with it`, decides: false },
      { rule: 'mode', sentence: modeSentence(record, reading, context.names), decides: reading?.phase === 'finished' },
      { rule: 'state', sentence: stateSentence(record, context.names), decides: changesDecision('state') },
      { rule: 'date', sentence: dateSentence(record, context), decides: changesDecision('date') },
      { rule: 'active', sentence: activeSentence(record, reading, context.names), decides: changesDecision('active') },
      { rule: 'failure', sentence: failureSentence(record, context.names), decides: changesDecision('failure') },
      { rule: 'claim', sentence: claimSentence(reading, decision), decides: false },
    ],
    decision,
    verdict: verdictOf(decision),
    afterwards: obstaclesAfter(record, decision, decide),
    next: nextStep(decision, context.names),
  };
}

/** The account with one attribute changed to the value that would let the work continue. */
function changesOf(record: AccountRecord) {
  const { returnValue: _, ...others } = record;
  const mode = readMode(record.mode)?.mode;
  return {
    state: { ...record, state: '0' },
    date: { ...record, date: undefined },
    active: { ...record, active: mode === undefined ? record.active : (neededActive(mode) ?? record.active) },
    failure: { ...others, returnValue: undefined },
  } satisfies Record<string, AccountRecord>;
}

/**
 * Removes one obstacle after the other, until there is none, and returns the reasons of those after
 * the first.
 */
function obstaclesAfter(record: AccountRecord, first: Decision, decide: (record: AccountRecord) => Decision): string[] {
  const found: string[] = [];
  let [account, decision] = [record, first];
  while (decision.kind === 'defer' || decision.kind === 'wait') {
    const before = comparedDecision(decision);
    const without = Object.values(changesOf(account)).find((changed) => comparedDecision(decide(changed)) !== before);
    if (without === undefined) break;
    [account, decision] = [without, decide(without)];
    if (isStart(decision)) break;
    found.push(decision.reason);
  }
  return found;
}

function comparedDecision({ kind, reason }: Decision): string {
  return `${kind} ${kind === 'claim' ? '' : reason}`;
}

function verdictOf(decision: Decision): string {
  const { kind, reason } = decision;
  switch (kind) {
    case 'claim':
      return `would claim it and run the handler for ${decision.mode} at once: ${reason}`;
    case 'resume':
      return `is working on it, or would resume the interrupted ${decision.mode} at once`;
    case 'defer':
      return `would do nothing before ${readableStamp(decision.until)}: ${reason}`;
    case 'wait':
      return `would wait: ${reason}`;
    case 'failed':
      return `would leave it alone: ${reason}`;
    case 'noRequest':
      return `would do nothing: ${reason}`;
  }
}

function modeSentence(record: AccountRecord, reading: ModeReading | undefined, names: AttributeNames): string {
  const statement = `${names.mode} is ${record.mode}`;
  if (reading === undefined) return `${statement}: this is a mode of another program, which the service leaves alone`;
  switch (reading.phase) {
    case 'requested':
      return `${statement}: it is requested`;
    case 'inWork':
      return `${statement}: a service has claimed the request ${reading.mode}`;
    case 'finished':
      return `${statement}: the last request is done`;
  }
}

function stateSentence(record: AccountRecord, names: AttributeNames): string {
  const { state } = record;
  return state === '0'
    ? `${names.state} is 0: the request is open`
    : `${names.state} is ${readableStamp(state)}: the last request was finished then, and no request is open`;
}

function dateSentence({ date }: AccountRecord, { names, today, timeZone }: ExplainContext): string {
  if (date === undefined) return `${names.date.join(' or ')} is absent: the same as now`;
  const day = date.value;
  if (day === '0') return `${date.name} is 0: now`;
  if (isTokenDay(day))
    return `${date.name} is ${readableStamp(day)}: this is the fencing token of the claim, not a requested day`;
  const where = `today is ${readableStamp(today)} in ${timeZone}`;
  return `${date.name} is ${readableStamp(day)}, ${where}: ${day > today ? 'not due before that day' : 'due'}`;
}

function activeSentence(record: AccountRecord, reading: ModeReading | undefined, names: AttributeNames): string {
  const statement = `${names.active} is ${record.active === undefined ? 'absent' : ldapBoolean(record.active)}`;
  const needed = reading === undefined ? undefined : neededActive(reading.mode);
  if (reading !== undefined && needed !== undefined)
    return `${statement}: a ${reading.mode} needs ${ldapBoolean(needed)}`;
  return `${statement}: only a ${modesText(MODES.filter((mode) => neededActive(mode) !== undefined))} depends on it`;
}

function failureSentence(record: AccountRecord, names: AttributeNames): string {
  if (names.returnValue === null) return 'no attribute for the return value is configured: failures are not recorded';
  const value = record.returnValue;
  if (value === undefined) return `${names.returnValue} is absent: no attempt has ended since the request was claimed`;
  const code = Number(value);
  return `${names.returnValue} is ${value}: ${code === 0 ? 'the last attempt succeeded' : `the last attempt failed with ${namedCode(code)}`}`;
}

function claimSentence(reading: ModeReading | undefined, decision: Decision): string {
  if (reading?.phase === 'requested') {
    const word = WORDS[reading.mode].inWork;
    return `to claim it the service replaces ${reading.mode} with ${word} in one operation, which fails if the entry was changed meanwhile`;
  }
  if (reading?.phase !== 'inWork') return 'there is nothing to claim';
  return decision.kind === 'failed'
    ? 'the account is claimed, and the attempt has ended'
    : 'the account is claimed: a service is working on it, or was interrupted';
}

function nextStep(decision: Decision, names: AttributeNames): string {
  switch (decision.kind) {
    case 'claim':
      return 'nothing, if a service runs; if nothing happens, run status';
    case 'resume':
      return 'nothing, if a service runs: it is working on the account, or resumes it; status shows the step';
    case 'defer':
      return 'wait, or write the date 0 so that it is done now';
    case 'wait':
      return decision.recheckInMilliseconds === undefined
        ? nextStepForPrecondition(decision.mode, names)
        : `wait ${humanDuration(decision.recheckInMilliseconds)}; then the service reads the account again`;
    case 'failed':
      return `fix the cause (the log and tap --since name it), then: retry the account, or write ${names.mode}: ${decision.mode}`;
    case 'noRequest':
      return `to request something, write ${names.mode} (${modesText()}) and ${names.state}: 0 in one operation`;
  }
}

/** What to do about an unmet precondition. All other waits end without action. */
function nextStepForPrecondition(mode: Mode, names: AttributeNames): string {
  const needed = ldapBoolean(neededActive(mode) === true);
  return `write ${names.active}: ${needed} if the account is to be ${WORDS[mode].finished}, or another mode if not`;
}
