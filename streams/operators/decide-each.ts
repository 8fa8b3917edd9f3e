import { map, type OperatorFunction } from 'rxjs';
import type { AccountRecord } from '../../src/domain/account.ts';
import type { HoldReason } from '../../src/domain/condition.ts';
import { type Decision, isInWork, isStart } from '../../src/domain/decide.ts';
import type { Report } from '../../src/domain/event.ts';
import { destroys, modeOf } from '../../src/domain/mode.ts';
import { ReturnCode } from '../../src/domain/return-code.ts';
import { fingerprintOf } from '../accounts/identity.ts';
import { type Candidate, laneOf } from '../candidate.ts';
import type { Gate } from '../gate.ts';
import type { Lanes } from '../lanes.ts';
import type { DecideNow } from '../turn/pure-steps.ts';
import { decisionEvent } from '../turn/turn-events.ts';
import type { Due, Held } from './hold-until-due.ts';
import type { AccountChange } from './read-accounts.ts';

export interface DecisionDependencies {
  readonly decideNow: DecideNow;
  readonly report: Report;
  /** Counts deletes in work. */
  readonly gate: Pick<Gate, 'sawDelete'>;
  readonly accounts: { readonly lanes: Pick<Lanes<Candidate>, 'get'> };
}

/**
 * Decides about each account in sight, and reports the decision with its reason. Passes the account
 * on together with the time at which it is due.
 */
export function decideEach(dependencies: DecisionDependencies): OperatorFunction<AccountChange, Held<Candidate>> {
  return map((change) => {
    if (change.kind === 'left') return { kind: 'drop', id: change.id };
    const { candidate } = change;
    const item = { key: laneOf(candidate.record.uid), id: candidate.id, item: candidate };
    switch (change.kind) {
      case 'seen':
        return { kind: 'hold', ...item, ...decided(change, dependencies) };
      case 'paused': {
        // A sight of the account during the attempt is not newer than the attempt that has just
        // ended, so it is replaced.
        const { inMilliseconds, why } = change;
        return { kind: 'hold', ...item, due: { inMilliseconds }, why, replaces: true };
      }
      case 'settle':
        return { kind: 'hold', ...item, due: 'now' };
      case 'rests':
        return { kind: 'rest', ...item, why: change.why };
    }
  });
}

type Seen = Extract<AccountChange, { readonly kind: 'seen' }>;

function decided(
  { candidate: { id, record }, quiet }: Seen,
  { decideNow, report, gate, accounts: { lanes } }: DecisionDependencies,
) {
  if (isInWork(record) && destroys(modeOf(record))) gate.sawDelete(id, record.modifiedAt);
  if (isBeingSettled(lanes.get(id), record)) return { due: 'never' } as const;
  const decision = decideNow(record, quiet ? 'seenUnchanged' : 'seen');
  const event = quiet ? undefined : decisionEvent(record, decision);
  if (event !== undefined) report(event);
  return { due: dueOf(decision), why: reasonOf(decision), ...(quiet ? { quiet } : {}) };
}

/**
 * Whether the account waits for a slot to be settled by an operator, and has not changed since
 * then.
 */
function isBeingSettled(waiting: Candidate | undefined, record: AccountRecord): boolean {
  return waiting?.settlement !== undefined && fingerprintOf(waiting.record) === fingerprintOf(record);
}

function dueOf(decision: Decision): Due {
  if (isStart(decision)) return 'now';
  if (decision.kind === 'defer') return { day: decision.until };
  const recheck = decision.kind === 'wait' ? decision.recheckInMilliseconds : undefined;
  return recheck === undefined ? 'never' : { inMilliseconds: recheck };
}

/** Why the account is held; undefined if it is not. */
function reasonOf(decision: Decision): HoldReason | undefined {
  const { reason } = decision;
  switch (decision.kind) {
    case 'claim':
    case 'resume':
    case 'noRequest':
      return undefined;
    case 'defer':
      return { condition: 'deferred', until: decision.until };
    case 'wait':
      return { condition: 'waiting', reason };
    case 'failed': {
      const code = Number(decision.returnValue);
      return {
        condition: 'failed',
        returnValue: Number.isSafeInteger(code) ? code : ReturnCode.UNDEFINED_ERROR,
        reason,
      };
    }
  }
}
