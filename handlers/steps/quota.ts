import { singleValue } from '../../src/domain/entry-value.ts';
import { comparablePath, readHomePath } from '../../src/domain/home-path.ts';
import type { Job, Step, StepContext, StepOutcome } from '../../src/domain/job.ts';
import { ReturnCode } from '../../src/domain/return-code.ts';
import { isUidNumber } from '../../src/domain/uid.ts';
import { describeCommand, type RunCommand, runCommand } from '../../src/script/command.ts';
import { fillCommand, placeholdersOf } from './command-line.ts';
import { failed, SUCCEEDED } from './outcome.ts';
import { type BlockLimits, readQuota } from './quota-limits.ts';
import { lookUpUser } from './user-lookup.ts';

export interface QuotaOptions {
  /** The attribute that holds the quota in bytes. */
  readonly attribute: string;
  /** The mounted file system, or its device, as setquota takes it. */
  readonly filesystem: string;
  /** The soft limit as a part of the hard one: above 0, at most 1. */
  readonly softRatio: number;
  /** Limits of the number of files; null is no limit. */
  readonly softFiles: number | null;
  readonly hardFiles: number | null;
  /**
   * The argument list, with `{uid}`, `{uidNumber}`, `{softBlocks}`, `{hardBlocks}` (1 KiB each), `{softBytes}`,
   * `{hardBytes}`, `{softFiles}`, `{hardFiles}`, `{filesystem}`, `{homeDirectory}` replaced.
   */
  readonly command: readonly string[];
  /** What clears the quota; the same are replaced, all limits by 0. */
  readonly clearCommand: readonly string[];
  /** Where homes must be, for `{homeDirectory}`; null: anywhere. */
  readonly homeRoot: string | null;
  readonly timeoutMilliseconds: number;
  readonly run?: RunCommand;
}

const LOOKUP_TIMEOUT = 10_000;
const KILL_GRACE = 5_000;

/** Sets the account's quota from its bytes; code 6 where they are faulty or the command fails. */
export function quotaStep(options: QuotaOptions): Step {
  return {
    name: 'quota',
    longestMilliseconds: options.timeoutMilliseconds + KILL_GRACE,
    run: async (job, context) => {
      const reading = readQuota(job.entry, options.attribute, options.softRatio);
      if (reading.kind === 'faulty') return cannotSet(reading.reason);
      const files = { soft: options.softFiles ?? 0, hard: options.hardFiles ?? 0 };
      return apply(options.command, reading.limits, files, job, context, options);
    },
  };
}

/**
 * Lifts the account's quota, where the user still resolves: a user number that is given to somebody else later must not
 * inherit it. Content where the user is gone, as nothing can own files by that name then.
 */
export function clearQuotaStep(options: QuotaOptions): Step {
  return {
    name: 'quota',
    longestMilliseconds: options.timeoutMilliseconds + LOOKUP_TIMEOUT + 2 * KILL_GRACE,
    run: async (job, context) => {
      const uidNumber = singleValue(job.entry, 'uidNumber');
      const user = await lookUpUser(
        job.record.uid,
        uidNumber.kind === 'text' ? uidNumber.text : undefined,
        options.run ?? runCommand,
        { timeoutMilliseconds: LOOKUP_TIMEOUT, signal: context.signal },
      );
      if (user.kind === 'missing') return SUCCEEDED;
      if (user.kind === 'failed') return cannotSet(`the user cannot be looked up: ${user.reason}`);
      return apply(options.clearCommand, { soft: 0n, hard: 0n }, { soft: 0, hard: 0 }, job, context, options);
    },
  };
}

async function apply(
  pattern: readonly string[],
  limits: BlockLimits,
  files: { readonly soft: number; readonly hard: number },
  job: Job,
  context: StepContext,
  options: QuotaOptions,
): Promise<StepOutcome> {
  const needed = placeholdersOf(pattern);
  const uidNumber = singleValue(job.entry, 'uidNumber');
  if (needed.has('uidNumber') && !(uidNumber.kind === 'text' && isUidNumber(uidNumber.text))) {
    return cannotSet('the quota command needs {uidNumber}, and the entry has no valid one: correct the entry');
  }
  const home = needed.has('homeDirectory') ? readHomePath(job.entry, job.record.uid, options.homeRoot) : undefined;
  if (home?.kind === 'faulty') return cannotSet(home.reason);

  const command = fillCommand(pattern, {
    uid: job.record.uid,
    uidNumber: uidNumber.kind === 'text' ? uidNumber.text : undefined,
    softBlocks: `${limits.soft}`,
    hardBlocks: `${limits.hard}`,
    softBytes: `${limits.soft * 1024n}`,
    hardBytes: `${limits.hard * 1024n}`,
    softFiles: `${files.soft}`,
    hardFiles: `${files.hard}`,
    filesystem: options.filesystem,
    homeDirectory: home === undefined ? undefined : comparablePath(home.path.home),
  });
  const result = await (options.run ?? runCommand)(command, {
    timeoutMilliseconds: options.timeoutMilliseconds,
    killGraceMilliseconds: KILL_GRACE,
    signal: context.signal,
  });
  if (result.kind === 'exited' && result.exitCode === 0) return SUCCEEDED;
  return cannotSet(`${describeCommand(command, result)}; check that ${options.filesystem} has quotas switched on`);
}

function cannotSet(reason: string): StepOutcome {
  return failed(ReturnCode.CANNOT_SET_QUOTA, reason);
}
