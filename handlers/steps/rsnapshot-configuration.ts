import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readHomePath } from '../../src/domain/home-path.ts';
import type { Job, Step, StepContext, StepOutcome } from '../../src/domain/job.ts';
import { ReturnCode } from '../../src/domain/return-code.ts';
import { describeCommand, type RunCommand, runCommand } from '../../src/script/command.ts';
import { fillCommand } from './command-line.ts';
import { failed, SUCCEEDED } from './outcome.ts';
import { holdsAlready, removeFile, replaceFile } from './replace-file.ts';
import { BUILT_IN_TEMPLATE, readRetentions, substitute, templateValues } from './rsnapshot-template.ts';
import { faultOfSnapshotRoot } from './snapshot-root.ts';
import { lookUpId } from './user-lookup.ts';

export interface RsnapshotOptions {
  /** The folder of the configuration files, `UID.conf` each. */
  readonly directory: string;
  /** A template file of the site's own; null: the built-in one. Read anew for each account. */
  readonly template: string | null;
  /** Where an account's snapshots go, with `{uid}`, `{home}`, `{chroot}` and `{parent}` replaced. */
  readonly snapshotRoot: string;
  /** Name or number; null: as the service itself. */
  readonly owner: string | null;
  readonly group: string | null;
  /** Permission bits of the file. */
  readonly mode: number;
  /** Judges a new file, `{file}`, before it takes its place; null: nothing does. */
  readonly checkCommand: readonly string[] | null;
  /** Where homes must be; null: anywhere, and neither they nor the snapshots are judged on disk. */
  readonly homeRoot: string | null;
  readonly timeoutMilliseconds: number;
  readonly run?: RunCommand;
}

const KILL_GRACE = 5_000;
/** Two look-ups of names and the file's own writing. */
const REST = 30_000;

/**
 * Writes the account's rsnapshot configuration, when it differs from the one that is there; code 7 where it cannot be
 * made or is refused. An account of which nothing is to be kept has no configuration: one that is there is removed.
 */
export function rsnapshotStep(options: RsnapshotOptions): Step {
  return {
    name: 'rsnapshot',
    longestMilliseconds: options.timeoutMilliseconds + KILL_GRACE + REST,
    run: (job, context) => reported(() => write(job, context, options)),
  };
}

/** Removes the account's rsnapshot configuration; content with one that is gone. */
export function removeRsnapshotStep(options: RsnapshotOptions): Step {
  return {
    name: 'rsnapshot',
    longestMilliseconds: REST,
    run: (job) =>
      reported(async () => {
        await removeFile(fileOf(job, options));
        return SUCCEEDED;
      }),
  };
}

async function write(job: Job, { report, signal }: StepContext, options: RsnapshotOptions): Promise<StepOutcome> {
  const path = fileOf(job, options);
  const reading = readRetentions(job.entry);
  if (reading.kind === 'faulty') return cannotCreate(reading.reason);
  if (reading.retentions.length === 0) {
    await removeFile(path);
    const { uid, dn, mode } = job.record;
    const line = 'rsnapshot: every sstBackupInterval is 0 or absent, so there is no configuration';
    report({ event: 'output', uid, dn, mode, job: job.id, stream: 'stdout', line });
    return SUCCEEDED;
  }
  const home = readHomePath(job.entry, job.record.uid, options.homeRoot);
  if (home.kind === 'faulty') return cannotCreate(home.reason);
  const prepared = templateValues(job.record.uid, home.path, options.snapshotRoot, reading.retentions);
  if (prepared.kind === 'faulty') return cannotCreate(prepared.reason);
  const misplaced = await faultOfSnapshotRoot(prepared.values.snapshotRoot, home.path.home, options);
  if (misplaced !== undefined) return cannotCreate(misplaced);
  const template = options.template === null ? BUILT_IN_TEMPLATE : await readFile(options.template, 'utf8');
  const rendered = substitute(template, prepared.values);
  if (rendered.kind === 'faulty') return cannotCreate(`template ${options.template}: ${rendered.reason}`);

  const run = options.run ?? runCommand;
  const owner = await lookUpId('passwd', options.owner, run, signal);
  if (owner === undefined)
    return cannotCreate(`rsnapshot.owner ${options.owner} is not known to this host: correct it`);
  const group = await lookUpId('group', options.group, run, signal);
  if (group === undefined)
    return cannotCreate(`rsnapshot.group ${options.group} is not known to this host: correct it`);
  const shape = { text: rendered.text, mode: options.mode, owner, group };
  if (await holdsAlready(path, shape)) return SUCCEEDED;
  await replaceFile(path, shape, (temporary) => validate(temporary, signal, options));
  return SUCCEEDED;
}

async function validate(file: string, signal: AbortSignal, options: RsnapshotOptions): Promise<void> {
  if (options.checkCommand === null) return;
  const refusal = await refusalOf(file, options.checkCommand, signal, options);
  if (refusal !== undefined) {
    throw new RefusedConfiguration(`the configuration was refused, and stays in ${file}: ${refusal}`);
  }
}

/** What the check command has against a configuration, or undefined. */
export async function refusalOf(
  file: string,
  checkCommand: readonly string[],
  signal: AbortSignal,
  { run = runCommand, timeoutMilliseconds }: Pick<RsnapshotOptions, 'run' | 'timeoutMilliseconds'>,
): Promise<string | undefined> {
  const command = fillCommand(checkCommand, { file });
  const result = await run(command, { timeoutMilliseconds, killGraceMilliseconds: KILL_GRACE, signal });
  return result.kind === 'exited' && result.exitCode === 0 ? undefined : describeCommand(command, result);
}

class RefusedConfiguration extends Error {}

/** Turns what the file system says into an outcome. */
async function reported(work: () => Promise<StepOutcome>): Promise<StepOutcome> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RefusedConfiguration) return cannotCreate(error.message);
    const words = error instanceof Error ? error.message : String(error);
    return cannotCreate(`${words}: check rsnapshot.directory, its rights and its space`);
  }
}

function fileOf(job: Job, options: RsnapshotOptions): string {
  return join(options.directory, `${job.record.uid}.conf`);
}

function cannotCreate(reason: string): StepOutcome {
  return failed(ReturnCode.CANNOT_CREATE_RSNAPSHOT_CONFIGURATION, reason);
}
