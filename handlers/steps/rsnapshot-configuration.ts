import { join } from 'node:path';
import { absolutePath, argumentList, duration, fileMode, orNull, text, yesOrNo } from '../../config/kinds/kind.ts';
import { type SettingsOf, section, setting } from '../../config/kinds/setting.ts';
import { errorText } from '../../src/domain/error-text.ts';
import { type HomeRules, readHomePath } from '../../src/domain/home-path.ts';
import type { Job, StepContext, StepOutcome } from '../../src/domain/job.ts';
import { ReturnCode } from '../../src/domain/return-code.ts';
import { InputFault, readInput } from '../../src/host/input-file.ts';
import { passShortage } from '../../src/host/shortage.ts';
import { describeCommand } from '../../src/script/command.ts';
import type { Look, Means } from '../define-step.ts';
import { failed, SUCCEEDED } from './outcome.ts';
import { fillCommand, fillTemplate } from './placeholders.ts';
import { adjustInPlace, type Permit, removeFile, replaceFile } from './replace-file.ts';
import { BUILT_IN_TEMPLATE, readRetentions, templateValues } from './rsnapshot-template.ts';
import { faultOfSnapshotRoot } from './snapshot-root.ts';
import { lookUpId } from './user-lookup.ts';

export const rsnapshotSettings = section(
  'One rsnapshot configuration file for each account: add and modify write it, delete removes it.',
  {
    enabled: setting('Do this step.', false, yesOrNo),
    directory: setting('Folder of the files. Each is called UID.conf.', '/etc/rsnapshot.d', absolutePath),
    template: setting(
      'File with a template. {uid}, {home}, {chroot}, {parent}, {snapshotRoot}, {retain} (a line for each level) and {hourly} to {yearly} are replaced; {{NAME}} is a literal {NAME}. null: the built-in template.',
      null,
      orNull(absolutePath),
    ),
    snapshotRoot: setting(
      'Folder of the snapshots of an account. {uid}, {home}, {chroot} and {parent} (the folder that has the chroot, or the home if there is no chroot) are replaced.',
      '{parent}/.snapshots/{uid}',
      text('path', 'a path, which may hold placeholders'),
    ),
    owner: setting(
      'Owner of the files, a name or a number; null: the user of the service.',
      null,
      orNull(text('user', 'a user')),
    ),
    group: setting(
      'Group of the files, a name or a number; null: the group of the service.',
      null,
      orNull(text('group', 'a group')),
    ),
    mode: setting('Permissions of the files.', '0640', fileMode),
    checkCommand: setting(
      'Command that checks a file before it takes effect. {file} is replaced. A refused file stays as .UID.conf.tmp. null: files are not checked.',
      ['rsnapshot', '-c', '{file}', 'configtest'],
      orNull(argumentList),
    ),
    timeout: setting('Time limit of the command.', '30s', duration('100ms', '1h')),
  },
);

export type RsnapshotSettings = SettingsOf<typeof rsnapshotSettings>;

/** The settings and the programs that are needed to write a configuration. */
export interface RsnapshotSite extends RsnapshotSettings, HomeRules, Pick<Means, 'getent' | 'runCommand'> {}

/**
 * Writes the account's rsnapshot configuration if it differs from the existing one. Fails with code
 * 7 if it cannot be created or is refused. For an account without backup levels, removes it.
 */
export function writeConfiguration(job: Job, context: StepContext, site: RsnapshotSite): Promise<StepOutcome> {
  return reported(() => write(job, context, site));
}

/** Removes the account's rsnapshot configuration. Succeeds if there is none. */
export function removeConfiguration(job: Job, context: StepContext, settings: RsnapshotSettings): Promise<StepOutcome> {
  return reported(async () => {
    await removeFile(fileOf(job, settings), permitOf(context));
    return SUCCEEDED;
  });
}

async function write(job: Job, context: StepContext, site: RsnapshotSite): Promise<StepOutcome> {
  const { report, signal } = context;
  const permit = permitOf(context);
  const path = fileOf(job, site);
  const reading = readRetentions(job.entry);
  if (reading.kind === 'faulty') return cannotCreate(reading.reason);
  if (reading.retentions.length === 0) {
    await removeFile(path, permit);
    const { uid, dn, mode } = job.record;
    const line = 'rsnapshot: every sstBackupInterval is 0 or absent, so there is no configuration';
    report({ event: 'output', uid, dn, mode, job: job.id, stream: 'stdout', line });
    return SUCCEEDED;
  }
  const home = readHomePath(job.entry, job.record.uid, site);
  if (home.kind === 'faulty') return cannotCreate(home.reason);
  const prepared = templateValues(job.record.uid, home.path, site.snapshotRoot, reading.retentions);
  if (prepared.kind === 'faulty') return cannotCreate(prepared.reason);
  const misplaced = await faultOfSnapshotRoot(prepared.values.snapshotRoot, home.path.home, site);
  if (misplaced !== undefined) return cannotCreate(misplaced);
  const template = await readTemplate(site.template);
  const rendered = fillTemplate(template, prepared.values);
  if (rendered.kind === 'faulty') return cannotCreate(`template ${site.template}: ${rendered.reason}`);

  const owner = await lookUpId('passwd', site.owner, site.getent, signal);
  if (owner === undefined) return cannotCreate(`rsnapshot.owner ${site.owner} is not known to this host: correct it`);
  const group = await lookUpId('group', site.group, site.getent, signal);
  if (group === undefined) return cannotCreate(`rsnapshot.group ${site.group} is not known to this host: correct it`);
  const shape = { text: rendered.text, mode: site.mode, owner, group };
  if (await adjustInPlace(path, shape, permit)) return SUCCEEDED;
  await replaceFile(path, shape, (temporary) => validate(temporary, context, site), permit);
  return SUCCEEDED;
}

/** The text of the template; null: the built-in one. Rejects with an InputFault. */
export async function readTemplate(template: string | null): Promise<string> {
  return template === null ? BUILT_IN_TEMPLATE : (await readInput(template)).toString('utf8');
}

/**
 * Returns a function that throws if the attempt was told to end, or if its lease has lapsed. It
 * reads the clock, because a process that was suspended may go on before its timers fire.
 */
function permitOf({ signal, lease }: StepContext): Permit {
  return () => {
    signal.throwIfAborted();
    if (lease !== undefined && lease.remaining() <= 0) throw new Error('the lease of the account has lapsed');
  };
}

async function validate(file: string, { signal, lease }: StepContext, site: RsnapshotSite): Promise<void> {
  if (site.checkCommand === null) return;
  const { runCommand, timeout } = site;
  const refusal = await refusalOf(file, site.checkCommand, timeout, { runCommand, signal, lease });
  if (refusal !== undefined) {
    throw new RefusedConfiguration(`the configuration was refused, and is kept in ${file}: ${refusal}`);
  }
}

/** Why the check command refuses a configuration; undefined if it accepts it. */
export async function refusalOf(
  file: string,
  checkCommand: readonly string[],
  timeoutMilliseconds: number,
  { runCommand, signal, lease }: Omit<Look, 'getent'> & Pick<StepContext, 'lease'>,
): Promise<string | undefined> {
  const command = fillCommand(checkCommand, { file });
  const result = await runCommand(command, { timeoutMilliseconds, signal, lease });
  return result.kind === 'exited' && result.exitCode === 0 ? undefined : describeCommand(command, result);
}

class RefusedConfiguration extends Error {}

/** Turns errors into outcomes. A Shortage still rejects. */
async function reported(work: () => Promise<StepOutcome>): Promise<StepOutcome> {
  try {
    return await work();
  } catch (error) {
    passShortage(error);
    if (error instanceof RefusedConfiguration) return cannotCreate(error.message);
    if (error instanceof InputFault) return cannotCreate(`the template ${error.message}: correct rsnapshot.template`);
    const words = errorText(error);
    return cannotCreate(`${words}: check rsnapshot.directory, its rights and its space`);
  }
}

function fileOf(job: Job, { directory }: RsnapshotSettings): string {
  return join(directory, `${job.record.uid}.conf`);
}

function cannotCreate(reason: string): StepOutcome {
  return failed(ReturnCode.CANNOT_CREATE_RSNAPSHOT_CONFIGURATION, reason);
}
