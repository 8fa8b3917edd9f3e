import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { errorText } from '../../src/domain/error-text.ts';
import type { RunCommand } from '../../src/script/command.ts';
import type { Getent } from '../../src/script/getent.ts';
import type { Look } from '../define-step.ts';
import { inspectProgram, type StepFinding } from './findings.ts';
import { codeOf } from './home-place.ts';
import { faultsOfFolder } from './inspect-home-root.ts';
import { fillTemplate } from './placeholders.ts';
import { type RsnapshotSettings, readTemplate, refusalOf } from './rsnapshot-configuration.ts';
import { templateValues } from './rsnapshot-template.ts';
import { lookUpId } from './user-lookup.ts';

/** Checks what the step needs: its folder, its template, the owner and the group, the command. */
export async function inspectRsnapshot(
  settings: RsnapshotSettings,
  { getent, runCommand: run, signal }: Look,
): Promise<readonly StepFinding[]> {
  const { directory, owner, group, checkCommand } = settings;
  return [
    ...(await inspectFolder(directory, (await lookUpId('passwd', owner, getent, signal)) ?? -1)),
    ...(await inspectTemplate(settings, signal, run)),
    ...(await inspectOwner('passwd', owner, getent, signal)),
    ...(await inspectOwner('group', group, getent, signal)),
    ...(checkCommand === null ? [] : inspectProgram('rsnapshot.checkCommand', checkCommand)),
  ];
}

/**
 * A user who can write files to `rsnapshot.directory` decides which commands rsnapshot runs.
 * `owner` is the user number to which the files are given.
 */
async function inspectFolder(directory: string, owner: number): Promise<readonly StepFinding[]> {
  const key = 'rsnapshot.directory';
  try {
    const status = await stat(directory);
    if (!status.isDirectory()) {
      return [{ key, message: `${directory} is not a folder`, remedy: `correct ${key}` }];
    }
    await access(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = codeOf(error);
    const remedy = code === 'ENOENT' ? `mkdir -p ${directory}` : `give the service the right to write there`;
    return [{ key, message: `${directory} cannot be written to (${code})`, remedy }];
  }
  const faults = await faultsOfFolder(directory, `correct ${key}`, owner);
  return faults.map(({ found, remedy }) => ({ key, message: found, remedy }));
}

/**
 * Fills the template for a sample account with its home in a temporary folder. It finds unknown
 * placeholders and configurations that the check command refuses.
 */
async function inspectTemplate(
  settings: RsnapshotSettings,
  signal: AbortSignal,
  run: RunCommand,
): Promise<readonly StepFinding[]> {
  const folder = await mkdtemp(join(tmpdir(), 'prov-backup-rsnapshot-check-'));
  try {
    return await inspectSample(join(folder, 'sample'), settings, signal, run);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const SAMPLE_RETENTIONS = [
  { level: 'daily', count: 7 },
  { level: 'weekly', count: 4 },
];

async function inspectSample(
  home: string,
  settings: RsnapshotSettings,
  signal: AbortSignal,
  run: RunCommand,
): Promise<readonly StepFinding[]> {
  const { template, snapshotRoot, checkCommand } = settings;
  const sample = templateValues('sample', { home, chroot: undefined }, snapshotRoot, SAMPLE_RETENTIONS);
  if (sample.kind === 'faulty') {
    return [{ key: 'rsnapshot.snapshotRoot', message: sample.reason, remedy: 'correct rsnapshot.snapshotRoot' }];
  }
  const key = 'rsnapshot.template';
  try {
    const text = await readTemplate(template);
    const snapshots = join(dirname(home), 'snapshots');
    const rendered = fillTemplate(text, { ...sample.values, snapshotRoot: snapshots });
    const remedy = `correct ${template ?? key}`;
    if (rendered.kind === 'faulty') return [{ key, message: rendered.reason, remedy }];
    if (checkCommand === null || inspectProgram('rsnapshot.checkCommand', checkCommand).length > 0) return [];
    for (const made of [home, snapshots]) await mkdir(made);
    const file = `${home}.conf`;
    await writeFile(file, rendered.text, { mode: 0o600 });
    const refusal = await refusalOf(file, checkCommand, settings.timeout, { runCommand: run, signal });
    const message = `a configuration that was made from the template is refused: ${refusal}`;
    return refusal === undefined ? [] : [{ key, message, remedy: `${remedy}, or rsnapshot.checkCommand` }];
  } catch (error) {
    const message = errorText(error);
    return [{ key, message, remedy: `make ${template} readable, or correct ${key}` }];
  }
}

async function inspectOwner(
  database: 'passwd' | 'group',
  name: string | null,
  getent: Getent,
  signal: AbortSignal,
): Promise<readonly StepFinding[]> {
  if ((await lookUpId(database, name, getent, signal)) !== undefined) return [];
  const key = database === 'passwd' ? 'rsnapshot.owner' : 'rsnapshot.group';
  return [{ key, message: `${name} is not known to this host`, remedy: `correct ${key}` }];
}
