import {
  absolutePath,
  argumentList,
  duration,
  fraction,
  orNull,
  wholeNumber,
  yesOrNo,
} from '../../config/kinds/kind.ts';
import { attributeName } from '../../config/kinds/ldap-kinds.ts';
import { type SettingsOf, section, setting } from '../../config/kinds/setting.ts';
import { singleValue } from '../../src/domain/entry-value.ts';
import { comparablePath, type HomeRules, readHomePath } from '../../src/domain/home-path.ts';
import type { Job, StepContext, StepOutcome } from '../../src/domain/job.ts';
import { ReturnCode } from '../../src/domain/return-code.ts';
import { isUidNumber } from '../../src/domain/uid.ts';
import { describeCommand, endsWithin } from '../../src/script/command.ts';
import { defineStep, type Means, type StepDeclaration } from '../define-step.ts';
import { inspectProgram, linesOf } from './findings.ts';
import { failed, SUCCEEDED } from './outcome.ts';
import { fillCommand, placeholdersOf } from './placeholders.ts';
import { type BlockLimits, readQuota } from './quota-limits.ts';
import { LOOK_UP_GRACE, lookUpUser } from './user-lookup.ts';

const LOOKUP_TIMEOUT = 10_000;

const settings = section('The disk quota of the account: add and modify set it, delete clears it.', {
  enabled: setting('Do this step.', false, yesOrNo),
  filesystem: setting('Mount point of the file system.', '/var/backup', absolutePath),
  attribute: setting('Attribute that holds the quota in bytes.', 'sstQuota', attributeName),
  softRatio: setting('Soft limit as a fraction of the hard limit.', 1, fraction(0, 1)),
  softFiles: setting('Soft limit of the number of files; null: none.', null, orNull(wholeNumber(1, 2 ** 53 - 1))),
  hardFiles: setting('Hard limit of the number of files; null: none.', null, orNull(wholeNumber(1, 2 ** 53 - 1))),
  command: setting(
    'Command that sets a quota. {uid}, {uidNumber}, {homeDirectory}, {filesystem}, {softBlocks}, {hardBlocks} (of 1024 bytes), {softBytes}, {hardBytes}, {softFiles} and {hardFiles} are replaced.',
    [
      'setquota',
      '--always-resolve',
      '-u',
      '{uid}',
      '{softBlocks}',
      '{hardBlocks}',
      '{softFiles}',
      '{hardFiles}',
      '{filesystem}',
    ],
    argumentList,
  ),
  clearCommand: setting(
    'Command that clears a quota. The same placeholders are replaced, all limits by 0.',
    ['setquota', '--always-resolve', '-u', '{uid}', '0', '0', '0', '0', '{filesystem}'],
    argumentList,
  ),
  timeout: setting('Time limit of the command.', '30s', duration('100ms', '1h')),
});

type QuotaSettings = SettingsOf<typeof settings>;

const shared = {
  name: 'quota',
  section: 'quota',
  settings,
  isOn: ({ enabled }) => enabled,
  needsHomeRoot: ({ enabled }) => enabled === true,
  contradiction: ({ softFiles, hardFiles }) =>
    typeof softFiles === 'number' && typeof hardFiles === 'number' && softFiles > hardFiles
      ? { key: 'softFiles', expected: `at most quota.hardFiles, which is ${hardFiles}` }
      : undefined,
  inspect: async ({ command, clearCommand }) =>
    linesOf('quota', `${command[0]} exists`, [
      ...inspectProgram('quota.command', command),
      ...inspectProgram('quota.clearCommand', clearCommand),
    ]),
  grace: () => endsWithin(),
  overdue: { returnValue: ReturnCode.CANNOT_SET_QUOTA, remedy: 'find out what the quota command waits for' },
} satisfies Partial<StepDeclaration<'quota', typeof settings>>;

/** Sets the account's quota. Fails with code 6 if the value is faulty or the command fails. */
export const quota = defineStep({
  ...shared,
  limit: ({ timeout }) => timeout + endsWithin(),
  run: (settings, { homeRoot, homeLayout }) => {
    return async (job, context, { runCommand }) => {
      const reading = readQuota(job.entry, settings.attribute, settings.softRatio);
      if (reading.kind === 'faulty') return cannotSet(reading.reason);
      const files = { soft: settings.softFiles ?? 0, hard: settings.hardFiles ?? 0 };
      return apply(settings.command, reading.limits, files, job, context, {
        ...settings,
        homeRoot,
        homeLayout,
        runCommand,
      });
    };
  },
});

/**
 * Clears the account's quota, so that a later user with the same number does not inherit it.
 * Succeeds without a command if NSS does not know the user any more: then no file can belong to
 * that name.
 */
export const quotaCleared = defineStep({
  ...shared,
  limit: ({ timeout }) => LOOKUP_TIMEOUT + LOOK_UP_GRACE + timeout + endsWithin(),
  run: (settings, { homeRoot, homeLayout }) => {
    return async (job, context, { getent, runCommand }) => {
      const uidNumber = singleValue(job.entry, 'uidNumber');
      const user = await lookUpUser(job.record.uid, uidNumber.kind === 'text' ? uidNumber.text : undefined, getent, {
        timeoutMilliseconds: LOOKUP_TIMEOUT,
        signal: context.signal,
      });
      if (user.kind === 'missing') return SUCCEEDED;
      if (user.kind === 'failed') return cannotSet(`the user cannot be looked up: ${user.reason}`);
      return apply(settings.clearCommand, { soft: 0n, hard: 0n }, { soft: 0, hard: 0 }, job, context, {
        ...settings,
        homeRoot,
        homeLayout,
        runCommand,
      });
    };
  },
});

async function apply(
  pattern: readonly string[],
  limits: BlockLimits,
  files: { readonly soft: number; readonly hard: number },
  job: Job,
  context: StepContext,
  site: Pick<QuotaSettings, 'filesystem' | 'timeout'> & HomeRules & Pick<Means, 'runCommand'>,
): Promise<StepOutcome> {
  const needed = placeholdersOf(pattern);
  const uidNumber = singleValue(job.entry, 'uidNumber');
  if (needed.has('uidNumber') && !(uidNumber.kind === 'text' && isUidNumber(uidNumber.text))) {
    return cannotSet('the quota command needs {uidNumber}, and the entry has no valid one: correct the entry');
  }
  const home = needed.has('homeDirectory') ? readHomePath(job.entry, job.record.uid, site) : undefined;
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
    filesystem: site.filesystem,
    homeDirectory: home === undefined ? undefined : comparablePath(home.path.home),
  });
  const result = await site.runCommand(command, {
    timeoutMilliseconds: site.timeout,
    signal: context.signal,
    lease: context.lease,
  });
  if (result.kind === 'exited' && result.exitCode === 0) return SUCCEEDED;
  return cannotSet(`${describeCommand(command, result)}; check that quotas are enabled on ${site.filesystem}`);
}

function cannotSet(reason: string): StepOutcome {
  return failed(ReturnCode.CANNOT_SET_QUOTA, reason);
}
