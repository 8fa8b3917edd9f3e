import { map, type OperatorFunction } from 'rxjs';
import { type Decision, isStart } from '../../src/domain/decide.ts';
import type { Report } from '../../src/domain/event.ts';
import { type Candidate, laneOf } from '../candidate.ts';
import type { DecideNow } from '../turn/steps.ts';
import { decisionEvent } from '../turn/turn-events.ts';
import type { Due, Held } from './hold-until-due.ts';
import type { AccountChange } from './read-accounts.ts';

export interface DecisionDependencies {
  readonly decideNow: DecideNow;
  readonly report: Report;
}

/**
 * Decides about each account in sight, reports the decision with its reason, and passes on when the
 * account is due.
 */
export function decideEach({
  decideNow,
  report,
}: DecisionDependencies): OperatorFunction<AccountChange, Held<Candidate>> {
  return map((change) => {
    if (change.kind === 'left') return { kind: 'drop', id: change.id };
    const { candidate } = change;
    const held = (due: Due, how: { quiet?: boolean; replaces?: boolean }): Held<Candidate> => ({
      kind: 'hold',
      key: laneOf(candidate.record.uid),
      id: candidate.id,
      item: candidate,
      due,
      ...how,
    });
    // What was seen of the account meanwhile waits behind the attempt that has just ended, and is
    // not newer than that.
    if (change.kind === 'again') return held({ inMilliseconds: change.inMilliseconds }, { replaces: true });
    const decision = decideNow(candidate.record, change.quiet ? 'seenUnchanged' : 'seen');
    const event = change.quiet ? undefined : decisionEvent(candidate.record, decision);
    if (event !== undefined) report(event);
    return held(dueOf(decision), change.quiet ? { quiet: true } : {});
  });
}

function dueOf(decision: Decision): Due {
  if (isStart(decision)) return 'now';
  if (decision.kind === 'defer') return { day: decision.until };
  const recheck = decision.kind === 'wait' ? decision.recheckInMilliseconds : undefined;
  return recheck === undefined ? 'never' : { inMilliseconds: recheck };
}
