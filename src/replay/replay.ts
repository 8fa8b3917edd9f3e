import type { Candidate, EndedWork } from '../../streams/candidate.ts';
import { afterHandler, afterRefusal } from '../../streams/turn/after-work.ts';
import type { ClaimNext, ClaimRules } from '../../streams/turn/claim-state.ts';
import { beginClaim, stepClaim } from '../../streams/turn/claim-step.ts';
import type { PureStep, Purpose } from '../../streams/turn/pure-steps.ts';
import { jobOf } from '../../streams/turn/turn.ts';
import {
  afterHandlerEvent,
  afterRefusalEvent,
  claimedEvent,
  conflictEvent,
  decisionEvent,
  dryRunEvent,
  notClaimedEvent,
  writeBackEvent,
} from '../../streams/turn/turn-events.ts';
import type { WriteBackNext, WriteBackRules } from '../../streams/turn/write-back-state.ts';
import { beginWriteBack, stepWriteBack } from '../../streams/turn/write-back-step.ts';
import type { AccountRecord } from '../domain/account.ts';
import { type Decision, type DecisionRules, decide } from '../domain/decide.ts';
import type { StreamEvent } from '../domain/event.ts';
import { readAccount } from '../domain/read-account.ts';
import type { RetryPolicy } from '../domain/retry.ts';
import { outlineOf, type RecordedPureStep, type RecordedSettings } from './recording.ts';

/** The outline of the result of a replayed step, and its events. */
export interface ReplayedPureStep {
  readonly next: unknown;
  readonly events: readonly StreamEvent[];
}

/** The settings on which steps depend, in addition to their inputs. */
export type ReplayRules = DecisionRules & ClaimRules & WriteBackRules & { readonly retry: RetryPolicy };

/** Returns the rules of the recorded service. */
export function replayRules({ attributes: names, accounts, instances, retry }: RecordedSettings): ReplayRules {
  return {
    names,
    retry,
    underLeases: instances === 'several',
    readEntry: (entry) => readAccount(entry, names, accounts),
    readStanding: (entry) => readAccount(entry, names, null),
  };
}

/**
 * Takes a recorded step again, with the function of the service. Throws if the recorded inputs do
 * not fit the function: the recording was edited, or the function is of another version.
 */
export function replayPureStep(step: RecordedPureStep, rules: ReplayRules): ReplayedPureStep {
  switch (step.step) {
    case 'decide': {
      const { record, circumstances, purpose } = step;
      const next = decide(record, { ...rules, ...circumstances });
      return replayed(next, decided(purpose, record, next));
    }
    case 'beginClaim':
      return claiming(step.candidate, step.job, beginClaim(step.candidate));
    case 'stepClaim':
      return claiming(step.state.memory.candidate, step.job, stepClaim(step.state, step.input, rules));
    case 'afterHandler': {
      const { job, outcome, isOvertaken, hasLapsed } = step;
      const next = afterHandler(job, outcome, { isOvertaken, hasLapsed }, rules.retry);
      return replayed(next, afterHandlerEvent(job, outcome, next));
    }
    case 'beginWriteBack':
      return writing(step.work, beginWriteBack(step.work, step.now, rules));
    case 'stepWriteBack':
      return writing(step.state.memory, stepWriteBack(step.state, step.input, rules));
    case 'afterRefusal': {
      const { job, error, tries, isOvertaken } = step;
      const next = afterRefusal(tries, isOvertaken);
      return replayed(next, afterRefusalEvent(job, error, next));
    }
  }
}

function decided(purpose: Purpose, record: AccountRecord, next: Decision): StreamEvent | undefined {
  switch (purpose) {
    case 'seen':
      return decisionEvent(record, next);
    case 'dryRun':
      return dryRunEvent(record, next);
    case 'seenUnchanged':
    case 'claim':
      return undefined;
  }
}

function claiming(candidate: Candidate, id: string, next: ClaimNext): ReplayedPureStep {
  const conflicts = next.notes.flatMap((note) => (note.note === 'conflict' ? [conflictEvent(note)] : []));
  if ('state' in next) return replayed(next, ...conflicts);
  const { result } = next;
  const end =
    result.kind === 'claimed'
      ? claimedEvent(jobOf(candidate, result, { id, claimedAt: 0 }))
      : notClaimedEvent(candidate.record, result);
  return replayed(next, ...conflicts, end);
}

function writing(work: EndedWork, next: WriteBackNext): ReplayedPureStep {
  const hasEnded = 'result' in next && next.result.kind !== 'refused';
  return replayed(next, hasEnded ? writeBackEvent(work, next.result) : undefined);
}

function replayed(next: PureStep['next'], ...events: ReadonlyArray<StreamEvent | undefined>): ReplayedPureStep {
  return { next: outlineOf(next), events: events.filter((event) => event !== undefined) };
}
