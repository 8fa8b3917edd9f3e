import type { AccountRecord } from '../src/domain/account.ts';
import type { Patience } from '../src/domain/directory.ts';
import { DirectoryError, ResultCode } from '../src/domain/directory-error.ts';
import type { Report } from '../src/domain/event.ts';
import type { HandlerOutcome, RunHandler } from '../src/domain/job.ts';
import { readMode, WORDS } from '../src/domain/mode.ts';
import { backoff, type RetryPolicy, retryDelay } from '../src/domain/retry.ts';
import { returnCodeName } from '../src/domain/return-code.ts';
import { handOver } from '../src/domain/transition.ts';
import { type AttemptResult, type Candidate, type ClaimedJob, foreignClaim, refOf } from './candidate.ts';
import { type ClaimDependencies, type ClaimResult, claimAccount } from './claim.ts';
import { identityOf } from './identity.ts';
import type { OpenAccounts } from './open-accounts.ts';
import type { Permit } from './operators/serialize-by-key.ts';
import { type WriteBackDependencies, writeBack } from './write-back.ts';

export interface AttemptDependencies
  extends Omit<
    ClaimDependencies & WriteBackDependencies,
    'patience' | 'claiming' | 'writing' | 'isOwn' | 'learnt' | 'mayBeTakenOver' | 'wasAskedAgain'
  > {
  /** Waiting for a directory that is away: how long after the nth failure, in milliseconds, and the waiting itself. */
  readonly away: { delay(failures: number): number; wait(milliseconds: number, until: AbortSignal): Promise<void> };
  readonly open: OpenAccounts;
  /** The longest time that a handler may take, in milliseconds: afterwards another service may take an account over. */
  readonly longestHandlerMilliseconds: number;
  readonly runHandler: RunHandler;
  readonly retry: RetryPolicy;
  readonly report: Report;
  /** Aborted when the service must stop at once. */
  readonly signal: AbortSignal;
  /** Aborted, at the latest then, when nothing new is to be taken up. */
  readonly draining: AbortSignal;
  readonly nextJobId: () => string;
  /** A clock that only goes forward, in milliseconds. */
  readonly monotonic: () => number;
}

/** What the parts of one attempt share. */
interface Attempting extends AttemptDependencies {
  readonly permit: Permit;
}

/** How long an outcome that the directory refuses is kept before it is offered again, in milliseconds. */
const REFUSED_AGAIN = { initial: 5_000, max: 600_000 };

/** Without others that want it, a permit is simply kept. */
const OWN_PERMIT: Permit = { lend: (waiting) => waiting() };

/**
 * Works on one candidate: claim -> handler -> write-back, each told as an event. Never rejects for what an account, a
 * script or the directory does; the result says whether the candidate comes back. Others have the permit while it waits for
 * a directory that refuses this account for now.
 */
export async function attempt(
  candidate: Candidate,
  surroundings: AttemptDependencies,
  permit: Permit = OWN_PERMIT,
): Promise<AttemptResult> {
  const dependencies = { ...surroundings, permit };
  const { open, report, signal, draining } = dependencies;
  try {
    if (candidate.own?.kind === 'unwritten') {
      const { job, outcome, tries } = candidate.own;
      return await settle(candidate, job, outcome, tries, dependencies);
    }
    const claimed = await claimOf(candidate, dependencies);
    if (claimed.kind !== 'claimed') return notClaimed(candidate, claimed, dependencies);

    const job = jobOf(candidate, claimed, dependencies);
    open.wrote(candidate.id, job.record, { working: true, made: job.record.entryCSN });
    report({ event: job.resumed ? 'resumed' : 'claimed', ...refOf(job.record, job.id) });
    const outcome = await dependencies.runHandler(job, { report, signal });
    if (!outcome.ok && outcome.aborted) return { kind: 'done' };
    const again = repeatLater(candidate, job, outcome, dependencies);
    return again ?? (await settle(candidate, job, outcome, 0, dependencies, dependencies.monotonic() - job.claimedAt));
  } catch (error) {
    // What is drained before it was claimed is as it was.
    if (signal.aborted || error === draining.reason) return { kind: 'done' };
    if (!(error instanceof DirectoryError)) throw error;
    open.release(candidate.id);
    // The claim was refused for good: it is tried again when the account changes, or with the next list.
    report({
      event: 'skipped',
      reason: `${refusalOf(error)}: ${explain(error)}`,
      ...codeOf(error),
      ...refOf(candidate.record),
    });
    return { kind: 'done' };
  }
}

function claimOf(candidate: Candidate, dependencies: Attempting): Promise<ClaimResult> {
  const { alone, open, report, draining } = dependencies;
  const onConflict = (record: AccountRecord, reason: string) => report({ event: 'conflict', reason, ...refOf(record) });
  return claimAccount(
    candidate,
    {
      ...dependencies,
      patience: patienceFor(candidate.record, undefined, draining, dependencies),
      claiming: (record, fence) => open.claiming(candidate.id, record, fence),
      isOwn: (record) => open.versions.isOwn(record) || (alone && open.versions.mayBeOwn(record)),
      learnt: (record) => {
        if (open.learnt(record)) report(foreignClaim(record));
      },
    },
    onConflict,
  );
}

function notClaimed(
  candidate: Candidate,
  result: Exclude<ClaimResult, { kind: 'claimed' }>,
  { open, report }: AttemptDependencies,
): AttemptResult {
  open.release(candidate.id);
  if (result.kind === 'notNow') {
    return seenAgain(candidate, result.record, true, open);
  }
  open.settle(candidate.id);
  if (result.kind === 'gone') report({ event: 'left', ...refOf(candidate.record) });
  else report({ event: 'skipped', reason: result.reason, dn: result.dn, uid: candidate.record.uid });
  return { kind: 'done' };
}

function jobOf(
  candidate: Candidate,
  { how, mode, record, entry, fence }: Extract<ClaimResult, { kind: 'claimed' }>,
  { nextJobId, monotonic }: AttemptDependencies,
): ClaimedJob {
  const retried = candidate.own?.kind === 'retry' && how === 'resume' ? candidate.own : undefined;
  const lost = retried?.lost ?? 0;
  return {
    id: nextJobId(),
    mode,
    record,
    entry,
    fence,
    claimedAt: monotonic(),
    attempt: retried?.attempt ?? 1,
    resumed: how !== 'claim' && (retried === undefined || lost > 0),
    lost,
  };
}

/** Another attempt after a pause, where the policy allows one. The account stays in work meanwhile. */
function repeatLater(
  candidate: Candidate,
  job: ClaimedJob,
  outcome: HandlerOutcome,
  { open, retry, report }: Attempting,
): AttemptResult | undefined {
  const inMilliseconds = retryDelay(outcome, job, retry);
  if (inMilliseconds === undefined || outcome.ok) return undefined;
  if (open.isOvertaken(candidate.id)) return overtaken(candidate, job, open, report);
  open.wrote(candidate.id, job.record, { working: false });
  const next = job.attempt + 1;
  report({ event: 'retrying', attempt: next, inMilliseconds, reason: outcome.reason, ...refOf(job.record, job.id) });
  const lost = outcome.retry === 'lost' ? job.lost + 1 : 0;
  const own = { kind: 'retry', attempt: next, lost, fence: job.fence } as const;
  return { kind: 'again', candidate: { id: candidate.id, record: job.record, fresh: false, own }, inMilliseconds };
}

/** A newer request came into sight while the handler ran, and takes its turn after this one: nothing of this one comes back. */
function overtaken({ id }: Candidate, job: ClaimedJob, open: OpenAccounts, report: Report): AttemptResult {
  open.release(id);
  report({ event: 'superseded', reason: 'a newer request was written', ...refOf(job.record, job.id) });
  return { kind: 'done' };
}

/** Writes the outcome and says how it ended. */
async function settle(
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

/** Other services need not wait for one that is about to end: what is asked now may be done at once. */
async function leaveToOthers(record: AccountRecord, { alone, directory, names }: Attempting): Promise<void> {
  if (alone || readMode(record.mode)?.phase !== 'requested' || record.returnValue !== undefined) return;
  const told = handOver(record, names);
  // They wait a little longer where that is not taken; no more than that depends on it.
  if (told.length > 0) await directory.modify(record.dn, told).catch(() => {});
}

/** The account was met in another condition; deleted and created again, it is another account. */
function seenAgain({ id }: Candidate, record: AccountRecord, fresh: boolean, open: OpenAccounts): AttemptResult {
  const identity = identityOf(record);
  if (identity !== id) open.settle(id);
  return { kind: 'decideAgain', candidate: { id: identity, record, fresh } };
}

const NOT_NOTED =
  'the directory does not take the return value, so that it is taken up again at the next start of the service, or when somebody writes the mode';
const UNWRITTEN_AT_STOP =
  'the service stops before the directory took the outcome of its handler: it is taken up again at the next start';

/**
 * Waiting for the directory, told each time with what is wrong, `until` the signal. An answer may be about this account alone, so others go on
 * meanwhile; without an answer they would fare no better.
 */
function patienceFor(
  record: AccountRecord,
  job: string | undefined,
  until: AbortSignal,
  { away, permit, report }: Attempting,
): Patience {
  return async (failures, error) => {
    until.throwIfAborted(); // the end itself broke the request off, and nothing is tried again
    const inMilliseconds = away.delay(failures);
    const reason = error instanceof DirectoryError ? explain(error) : String(error);
    report({
      event: 'retrying',
      attempt: failures + 1,
      inMilliseconds,
      reason,
      ...codeOf(error),
      ...refOf(record, job),
    });
    const waiting = () => away.wait(inMilliseconds, until);
    const isAnswer = error instanceof DirectoryError && error.resultCode !== undefined;
    return isAnswer ? permit.lend(waiting) : waiting();
  };
}

function nameCode(returnValue: number, reason: string): string {
  const name = returnCodeName(returnValue);
  return name === undefined ? reason : `${name}: ${reason}`;
}

function refusalOf({ resultCode }: DirectoryError): string {
  const isTooLarge = resultCode === ResultCode.answerTooLarge;
  return isTooLarge ? 'it cannot be worked on' : 'the directory refuses the claim';
}

/** The code by which the directory refused, where it did. */
function codeOf(error: unknown): { readonly resultCode?: number } {
  return error instanceof DirectoryError && error.resultCode !== undefined ? { resultCode: error.resultCode } : {};
}

function explain(error: DirectoryError): string {
  return error.remedy === undefined ? error.message : `${error.message}; ${error.remedy}`;
}
