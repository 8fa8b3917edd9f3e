import type { AccountRecord } from '../src/domain/account.ts';
import { DirectoryError, ResultCode } from '../src/domain/directory-error.ts';
import type { HandlerOutcome } from '../src/domain/job.ts';
import { retryDelay } from '../src/domain/retry.ts';
import type { AttemptDependencies, Attempting } from './attempt-dependencies.ts';
import { type AttemptResult, type Candidate, type ClaimedJob, foreignClaim, refOf } from './candidate.ts';
import { type ClaimResult, claimAccount } from './claim.ts';
import type { Permit } from './operators/serialize-by-key.ts';
import { codeOf, explain, patienceFor } from './wait-for-directory.ts';
import { overtaken, seenAgain, writeOutcome } from './write-outcome.ts';

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
      return await writeOutcome(candidate, job, outcome, tries, dependencies);
    }
    const claimed = await claimOf(candidate, dependencies);
    if (claimed.kind !== 'claimed') return notClaimed(candidate, claimed, dependencies);

    const job = jobOf(candidate, claimed, dependencies);
    open.wrote(candidate.id, job.record, { working: true, made: job.record.entryCSN });
    report({ event: job.resumed ? 'resumed' : 'claimed', ...refOf(job.record, job.id) });
    const outcome = await dependencies.runHandler(job, { report, signal });
    if (!outcome.ok && outcome.aborted) return { kind: 'done' };
    const again = repeatLater(candidate, job, outcome, dependencies);
    return (
      again ?? (await writeOutcome(candidate, job, outcome, 0, dependencies, dependencies.monotonic() - job.claimedAt))
    );
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
      isOthersAtWork: (record) => open.isAtWork(record),
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

function refusalOf({ resultCode }: DirectoryError): string {
  const isTooLarge = resultCode === ResultCode.answerTooLarge;
  return isTooLarge ? 'it cannot be worked on' : 'the directory refuses the claim';
}
