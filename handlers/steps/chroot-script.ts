import type { Job, Retry, Step, StepContext, StepOutcome } from '../../src/domain/job.ts';
import type { Mode } from '../../src/domain/mode.ts';
import { EX_TEMPFAIL, ReturnCode } from '../../src/domain/return-code.ts';
import { endOrphansOf, findOrphanedAccounts } from '../../src/script/orphans.ts';
import type { OutputStream, ScriptResult, ScriptRunner } from '../../src/script/runner.ts';
import { buildCommand, buildEnvironment, buildInput, type ScriptSurroundings } from './script-request.ts';

/** What a run takes beyond its limits at most: processes that outlive SIGKILL, and reading the last output. */
const SLACK_MILLISECONDS = 3000;

/** How old the knowledge of other services' remains may be: a service beside this one may die at any time. */
const LOOK_AGAIN_MILLISECONDS = 5000;

const DOES_IT_END_ITS_PARENT = 'see whether the script ends or stops its parent process, and whether memory is short';

export interface ChrootScriptOptions extends ScriptSurroundings {
  /** The program and its arguments; `{uid}`, `{mode}`, `{homeDirectory}` and `{dn}` are replaced inside an argument. */
  readonly command: readonly string[];
  /** In place of `command` for one mode. */
  readonly commandByMode?: Readonly<Partial<Record<Mode, readonly string[]>>>;
  readonly timeoutMilliseconds: number;
  readonly killGraceMilliseconds: number;
  /** Below which the accounts are. */
  readonly base: string;
  readonly runner: ScriptRunner;
}

/**
 * The step `script`: runs the site's chroot script for an account, as the script's contract says. Its exit code becomes the
 * return value; what ends it otherwise is UNDEFINED_ERROR with a reason. A script that a dead service left behind for the
 * account on this host is ended before: also where somebody asked anew meanwhile, so that nothing is resumed.
 */
export function chrootScriptStep(options: ChrootScriptOptions): Step {
  const { timeoutMilliseconds, killGraceMilliseconds, base, runner } = options;
  const mayBeOrphaned = orphanSearch();
  return {
    name: 'script',
    // Three times the grace: for the launcher of a dead service, for its script, and for this one.
    longestMilliseconds: timeoutMilliseconds + 3 * (killGraceMilliseconds + SLACK_MILLISECONDS),
    async run(job: Job, { report, signal }: StepContext): Promise<StepOutcome> {
      const { uid, dn, mode, entryUUID } = job.record;
      const command = buildCommand(options.commandByMode?.[job.mode] ?? options.command, job);
      if (!command.ok) {
        return { ...command, returnValue: ReturnCode.UNDEFINED_ERROR, retry: 'permanent' };
      }
      const onLine = (stream: OutputStream, line: string) =>
        report({ event: 'output', uid, dn, mode, job: job.id, stream, line });
      if ((await mayBeOrphaned(uid, entryUUID)) || job.resumed) {
        const ended = await endOrphansOf({ uid, entryUUID, base }, killGraceMilliseconds);
        if (ended.length > 0) onLine('stderr', `[ended the script of an earlier service, process group ${ended}]`);
      }
      const result = await runner.run({
        account: { uid, entryUUID, dn },
        alone: job.lost > 0,
        command: command.argv,
        env: buildEnvironment(job, options),
        stdin: buildInput(job),
        timeoutMilliseconds,
        killGraceMilliseconds,
        signal,
        onLine,
      });
      return outcomeOf(result, job, timeoutMilliseconds);
    },
  };
}

/** Answers whether a dead service may have left a script behind for an account. To look before each run would cost more than the run. */
function orphanSearch(): (uid: string, entryUUID: string | undefined) => Promise<boolean> {
  let found: Promise<Set<string>> = Promise.resolve(new Set());
  let lookedAt = Number.NEGATIVE_INFINITY;
  return async (uid, entryUUID) => {
    const now = performance.now();
    if (now - lookedAt > LOOK_AGAIN_MILLISECONDS) {
      lookedAt = now;
      found = findOrphanedAccounts();
    }
    const orphaned = await found;
    return [uid, entryUUID].filter((name) => name !== undefined && orphaned.delete(name)).length > 0;
  };
}

function outcomeOf(result: ScriptResult, { lost }: Job, timeoutMilliseconds: number): StepOutcome {
  switch (result.kind) {
    case 'exited':
      return outcomeOfExit(result.exitCode);
    case 'signaled':
      return failed(`the script was ended by ${result.signal}; see its output and the system's log`);
    case 'timedOut':
      return failed(
        `the script was ended after ${timeoutMilliseconds / 1000} s without an end; find out what it waited for, or raise script.timeout`,
      );
    case 'aborted':
      return failed('the script was ended because the service stops at once; it runs again at the next start');
    case 'notStarted':
      return failed(result.reason, result.passing ? 'temporary' : 'script');
    case 'lost':
      return failed(
        lost === 0 ? result.reason : `${result.reason}; it ran alone there: ${DOES_IT_END_ITS_PARENT}`,
        'lost',
      );
  }
}

function outcomeOfExit(exitCode: number): StepOutcome {
  if (exitCode === 0) return { ok: true };
  if (exitCode === EX_TEMPFAIL) {
    return {
      ok: false,
      returnValue: exitCode,
      reason: 'the script asks to be tried again later (75, EX_TEMPFAIL)',
      retry: 'temporary',
    };
  }
  return {
    ok: false,
    returnValue: exitCode,
    reason: `the script ended with exit code ${exitCode}; its output says why`,
    retry: 'script',
  };
}

function failed(reason: string, retry: Retry = 'script'): StepOutcome {
  return { ok: false, returnValue: ReturnCode.UNDEFINED_ERROR, reason, retry };
}
