import { identityOf } from '../../streams/accounts/identity.ts';
import { type Candidate, type ClaimedJob, type EndedWork, laneOf } from '../../streams/candidate.ts';
import { afterHandler, afterRefusal } from '../../streams/turn/after-work.ts';
import type { ClaimNext, ClaimRules, ClaimState } from '../../streams/turn/claim-state.ts';
import { beginClaim, stepClaim } from '../../streams/turn/claim-step.ts';
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
import type { WriteBackNext, WriteBackRules, WriteBackState } from '../../streams/turn/write-back-state.ts';
import { beginWriteBack, stepWriteBack } from '../../streams/turn/write-back-step.ts';
import { type DecisionRules, decide } from '../domain/decide.ts';
import type { DirectoryError } from '../domain/directory-error.ts';
import type { StreamEvent } from '../domain/event.ts';
import { readAccount } from '../domain/read-account.ts';
import { outlineOf, type RecordedSettings, type RecordedStep } from './recording.ts';

/** The outline of the result of a replayed step, and its events. */
export interface ReplayedStep {
  readonly next: unknown;
  readonly events: readonly StreamEvent[];
}

/**
 * The attempt at one uid, as far as the record has told. It begins `claiming` (beginClaim),
 * whatever was before.
 *
 *   claiming -> claiming (stepClaim) -> claimed, or its end
 *   claimed -> ended, resting (it is repeated, or was stopped) (afterHandler), or its end
 *   ended -> writing (beginWriteBack) -> writing (stepWriteBack) -> refused, or its end
 *   refused -> its end (afterRefusal); a kept outcome waits apart, as other attempts at the uid may
 *     come before it, at an entry that was created anew -> writing (beginWriteBack)
 */
type Attempt =
  | { readonly at: 'claiming'; readonly job: string; readonly candidate: Candidate; readonly state: ClaimState }
  | { readonly at: 'claimed' | 'resting' | 'ended'; readonly job: ClaimedJob }
  | { readonly at: 'writing'; readonly work: EndedWork; readonly state: WriteBackState }
  | { readonly at: 'refused'; readonly job: ClaimedJob; readonly error: DirectoryError };

type Of<Name extends RecordedStep['step']> = Extract<RecordedStep, { readonly step: Name }>;

/**
 * Replays the steps from one start of the recorded service to the next, with the functions of the
 * service.
 */
export class Replay {
  readonly #rules: DecisionRules & ClaimRules & WriteBackRules;
  readonly #settings: RecordedSettings;
  readonly #attempts = new Map<string, Attempt>();
  /** The jobs whose outcomes are kept, by their ids. */
  readonly #kept = new Map<string, ClaimedJob>();

  constructor(settings: RecordedSettings) {
    const { attributes: names, accounts, instances } = settings;
    this.#settings = settings;
    this.#rules = {
      names,
      underLeases: instances === 'several',
      readEntry: (entry) => readAccount(entry, names, accounts),
      readStanding: (entry) => readAccount(entry, names, null),
    };
  }

  /** The number of accounts in work. */
  get inWork(): number {
    return [...this.#attempts.values()].filter(({ at }) => at !== 'claiming').length + this.#kept.size;
  }

  /**
   * Replays a step. Undefined if it cannot be replayed: the steps before it are missing, or their
   * results differed.
   */
  replay(step: RecordedStep): ReplayedStep | undefined {
    switch (step.step) {
      case 'decide':
        return this.#decide(step);
      case 'beginClaim':
        return this.#beginClaim(step);
      case 'stepClaim':
        return this.#stepClaim(step);
      case 'afterHandler':
        return this.#afterHandler(step);
      case 'beginWriteBack':
        return this.#beginWriteBack(step);
      case 'stepWriteBack':
        return this.#stepWriteBack(step);
      case 'afterRefusal':
        return this.#afterRefusal(step);
    }
  }

  /** Forgets the turn of a uid. Its further steps are not replayed. */
  forget(uid: string): void {
    this.#attempts.delete(laneOf(uid));
  }

  /** Forgets all turns, as lines are missing. */
  forgetAll(): void {
    this.#attempts.clear();
    this.#kept.clear();
  }

  #decide({ record, circumstances, purpose }: Of<'decide'>): ReplayedStep {
    const next = decide(record, { ...this.#rules, ...circumstances });
    switch (purpose) {
      case 'seen':
        return replayed(next, decisionEvent(record, next));
      case 'dryRun':
        return replayed(next, dryRunEvent(record, next));
      case 'seenUnchanged':
      case 'claim':
        return replayed(next);
    }
  }

  #beginClaim({ job, candidate }: Of<'beginClaim'>): ReplayedStep {
    // A newer request for an entry makes its kept outcome void.
    for (const [id, { record }] of this.#kept) if (identityOf(record) === candidate.id) this.#kept.delete(id);
    return this.#claiming(candidate, job, beginClaim(candidate));
  }

  #stepClaim({ uid, input }: Of<'stepClaim'>): ReplayedStep | undefined {
    const attempt = this.#attempts.get(laneOf(uid));
    if (attempt?.at !== 'claiming') return undefined;
    const { candidate, job, state } = attempt;
    return this.#claiming(candidate, job, stepClaim(state, input, this.#rules));
  }

  #claiming(candidate: Candidate, id: string, next: ClaimNext): ReplayedStep {
    const { record } = candidate;
    const key = laneOf(record.uid);
    const conflicts = next.notes.flatMap((note) => (note.note === 'conflict' ? [conflictEvent(note)] : []));
    if ('state' in next) {
      this.#attempts.set(key, { at: 'claiming', job: id, candidate, state: next.state });
      return replayed(next, ...conflicts);
    }
    if (next.result.kind !== 'claimed') {
      this.#attempts.delete(key);
      return replayed(next, ...conflicts, notClaimedEvent(record, next.result));
    }
    const job = jobOf(candidate, next.result, { id, claimedAt: 0 });
    this.#attempts.set(key, { at: 'claimed', job });
    return replayed(next, ...conflicts, claimedEvent(job));
  }

  #afterHandler({ uid, outcome, isOvertaken, hasLapsed }: Of<'afterHandler'>): ReplayedStep | undefined {
    const attempt = this.#attempts.get(laneOf(uid));
    if (attempt?.at !== 'claimed') return undefined;
    const { job } = attempt;
    const next = afterHandler(job, outcome, { isOvertaken, hasLapsed }, this.#settings.retry);
    if (next.to === 'newerRequest' || next.to === 'leaseLapsed') this.forget(uid);
    else this.#attempts.set(laneOf(uid), { at: next.to === 'writeBack' ? 'ended' : 'resting', job });
    return replayed(next, afterHandlerEvent(job, outcome, next));
  }

  #beginWriteBack(step: Of<'beginWriteBack'>): ReplayedStep | undefined {
    const attempt = this.#attempts.get(laneOf(step.uid));
    const job = this.#kept.get(step.job) ?? (attempt?.at === 'ended' ? attempt.job : undefined);
    if (job?.id !== step.job) return undefined;
    this.#kept.delete(job.id);
    const { uid, outcome, tries, milliseconds, now } = step;
    return this.#writing(uid, { job, outcome, tries, milliseconds }, beginWriteBack(job, outcome, now, this.#rules));
  }

  #stepWriteBack({ uid, input }: Of<'stepWriteBack'>): ReplayedStep | undefined {
    const attempt = this.#attempts.get(laneOf(uid));
    if (attempt?.at !== 'writing') return undefined;
    return this.#writing(uid, attempt.work, stepWriteBack(attempt.state, input, this.#rules));
  }

  #writing(uid: string, work: EndedWork, next: WriteBackNext): ReplayedStep {
    const key = laneOf(uid);
    if ('state' in next) {
      this.#attempts.set(key, { at: 'writing', work, state: next.state });
      return replayed(next);
    }
    if (next.result.kind === 'refused') {
      this.#attempts.set(key, { at: 'refused', job: work.job, error: next.result.error });
      return replayed(next);
    }
    this.#attempts.delete(key);
    return replayed(next, writeBackEvent(work, next.result));
  }

  #afterRefusal({ uid, tries, isOvertaken }: Of<'afterRefusal'>): ReplayedStep | undefined {
    const attempt = this.#attempts.get(laneOf(uid));
    if (attempt?.at !== 'refused') return undefined;
    const { job, error } = attempt;
    const next = afterRefusal(tries, isOvertaken);
    this.forget(uid);
    if (next.to === 'keep') this.#kept.set(job.id, job);
    return replayed(next, afterRefusalEvent(job, error, next));
  }
}

function replayed(
  next: Parameters<typeof outlineOf>[0],
  ...events: ReadonlyArray<StreamEvent | undefined>
): ReplayedStep {
  return { next: outlineOf(next), events: events.filter((event) => event !== undefined) };
}
