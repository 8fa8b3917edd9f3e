import type { AccountRecord } from '../src/domain/account.ts';
import { DirectoryError } from '../src/domain/directory-error.ts';
import type { Report } from '../src/domain/event.ts';
import type { HandlerOutcome } from '../src/domain/job.ts';
import { readMode, WORDS } from '../src/domain/mode.ts';
import { backoff } from '../src/domain/retry.ts';
import { returnCodeName } from '../src/domain/return-code.ts';
import { handOver } from '../src/domain/transition.ts';
import type { Attempting } from './attempt-dependencies.ts';
import { type AttemptResult, type Candidate, type ClaimedJob, foreignClaim, refOf } from './candidate.ts';
import { identityOf } from './identity.ts';
import type { OpenAccounts } from './open-accounts.ts';
import { codeOf, explain, patienceFor } from './wait-for-directory.ts';
import { writeBack } from './write-back.ts';

/** How long an outcome that the directory refuses is kept before it is offered again, in milliseconds. */
const REFUSED_AGAIN = { initial: 5_000, max: 600_000 };

/** Writes the outcome of a handler, and reports how that ended. */
export async function writeOutcome(
  candidate: Candidate,
  job: ClaimedJob,
  outcome: HandlerOutcome,
  tries: number,
  dependencies: Attempting,
  milliseconds = 0,
): Promise<AttemptResult> {
  const { open, report, signal, draining } = dependencies;
  const ref = refOf(job.record, job.id);
  try {
    const patience = patienceFor(job.record, job.id, signal, dependencies);
    const writing = (record: AccountRecord) => open.writing(candidate.id, record);
    const mayBeTakenOver = (): boolean =>
      !dependencies.alone && dependencies.monotonic() - job.claimedAt > dependencies.longestHandlerMilliseconds;
    const wasAskedAgain = () => open.isAskedAgain(candidate.id);
    const surroundings = { patience, writing, mayBeTakenOver, wasAskedAgain };
    const result = await writeBack(job, outcome, { ...dependencies, ...surroundings });
    if (result.kind === 'superseded') {
      open.release(candidate.id);
      report({ event: 'superseded', reason: result.reason, ...ref });
      if (result.record !== undefined && open.learnt(result.record)) report(foreignClaim(result.record));
      if (result.record !== undefined && draining.aborted) await leaveToOthers(result.record, dependencies);
      if (result.record !== undefined) return seenAgain(candidate, result.record, false, open);
      open.settle(candidate.id);
      return { kind: 'done' };
    }
    if (outcome.ok) {
      open.finished(candidate.id, result.made);
      const mode = WORDS[job.mode].finished;
      report({ event: 'finished', state: result.state, milliseconds: Math.round(milliseconds), ...ref, mode });
    } else {
      const { returnValue, step } = outcome;
      open.wrote(candidate.id, result.record, { working: false, made: result.made });
      const reason = result.noted ? outcome.reason : `${outcome.reason}; ${NOT_NOTED} ${WORDS[job.mode].requested}`;
      report({ event: 'failed', returnValue, reason: nameCode(returnValue, reason), step, ...ref });
    }
    return { kind: 'done' };
  } catch (error) {
    if (!(error instanceof DirectoryError) || signal.aborted) {
      if (signal.aborted) report({ event: 'skipped', reason: UNWRITTEN_AT_STOP, ...ref });
      throw error;
    }
    if (open.isOvertaken(candidate.id)) return overtaken(candidate, job, open, report);
    const inMilliseconds = backoff(tries + 1, REFUSED_AGAIN);
    open.wrote(candidate.id, job.record, { working: false });
    const reason = `the directory refuses the outcome, which is kept: ${explain(error)}`;
    report({ event: 'retrying', attempt: tries + 1, inMilliseconds, reason, ...codeOf(error), ...ref });
    const own = { kind: 'unwritten', job, outcome, tries: tries + 1 } as const;
    return { kind: 'again', candidate: { id: candidate.id, record: job.record, fresh: false, own }, inMilliseconds };
  }
}

/** A newer request came into sight while the handler ran, and takes its turn after this one: nothing of this one comes back. */
export function overtaken({ id }: Candidate, job: ClaimedJob, open: OpenAccounts, report: Report): AttemptResult {
  open.release(id);
  report({ event: 'superseded', reason: 'a newer request was written', ...refOf(job.record, job.id) });
  return { kind: 'done' };
}

/** Other services need not wait for one that is about to end: what is asked now may be done at once. */
async function leaveToOthers(record: AccountRecord, { alone, directory, names }: Attempting): Promise<void> {
  if (alone || readMode(record.mode)?.phase !== 'requested' || record.returnValue !== undefined) return;
  const told = handOver(record, names);
  // They wait a little longer where that is not taken; no more than that depends on it.
  if (told.length > 0) await directory.modify(record.dn, told).catch(() => {});
}

/** The account was met in another condition; deleted and created again, it is another account. */
export function seenAgain({ id }: Candidate, record: AccountRecord, fresh: boolean, open: OpenAccounts): AttemptResult {
  const identity = identityOf(record);
  if (identity !== id) open.settle(id);
  return { kind: 'decideAgain', candidate: { id: identity, record, fresh } };
}

const NOT_NOTED =
  'the directory does not take the return value, so that it is taken up again at the next start of the service, or when somebody writes the mode';
const UNWRITTEN_AT_STOP =
  'the service stops before the directory took the outcome of its handler: it is taken up again at the next start';

function nameCode(returnValue: number, reason: string): string {
  const name = returnCodeName(returnValue);
  return name === undefined ? reason : `${name}: ${reason}`;
}
