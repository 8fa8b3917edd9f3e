import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type CommandOptions, commandPath, type RunCommand, runCommand } from '../../src/script/command.ts';
import { locate } from '../../src/script/locate.ts';
import { codeOf, faultOf } from './home-place.ts';
import type { QuotaOptions } from './quota.ts';
import { type RsnapshotOptions, refusalOf } from './rsnapshot-configuration.ts';
import { BUILT_IN_TEMPLATE, substitute, templateValues } from './rsnapshot-template.ts';
import { lookUpId } from './user-lookup.ts';

/** Something that would make a step fail for every account. `key` is the setting in question. */
export interface StepFinding {
  readonly key: string;
  readonly message: string;
  readonly remedy: string;
}

/** What the user check needs of the host: getent. */
export function inspectUserCheck(): readonly StepFinding[] {
  return startable('userCheck.enabled', ['getent']);
}

/** The bit of a folder's mode by which only its owner can rename what is in it. */
const STICKY = 0o1000;

/** What homes need of the folder that they are in: that nobody but root can swap it, or what is in it. */
export async function inspectHomeRoot(homeRoot: string): Promise<readonly StepFinding[]> {
  const key = 'script.homeRoot';
  const remedy = `mount it, or correct ${key}`;
  try {
    const real = await realpath(homeRoot);
    const status = await stat(real);
    if (!status.isDirectory()) return [{ key, message: `${homeRoot} is no folder`, remedy }];
    const faults = [faultOf(status)].map((fault) => ({ path: real, fault }));
    for (let path = real; path !== '/'; ) {
      path = dirname(path);
      const above = await stat(path);
      // In a sticky folder nobody can swap what is not his own.
      if ((above.mode & STICKY) === 0) faults.push({ path, fault: faultOf(above) });
    }
    return faults.flatMap(({ path, fault }) =>
      fault === undefined
        ? []
        : [{ key, message: `${path} ${fault}`, remedy: `chown root ${path}; chmod go-w ${path}` }],
    );
  } catch (error) {
    const code = codeOf(error);
    const fault = code === 'ENOENT' ? 'is no folder' : `cannot be looked at (${code})`;
    return [{ key, message: `${homeRoot} ${fault}`, remedy }];
  }
}

/** What the quota needs of the host: its commands. */
export function inspectQuota(options: Pick<QuotaOptions, 'command' | 'clearCommand'>): readonly StepFinding[] {
  return [...startable('quota.command', options.command), ...startable('quota.clearCommand', options.clearCommand)];
}

/** What the rsnapshot configuration needs of the host: its folder, template, owner and command. */
export async function inspectRsnapshot(
  options: Omit<RsnapshotOptions, 'run'>,
  signal: CommandOptions['signal'],
  run: RunCommand = runCommand,
): Promise<readonly StepFinding[]> {
  const { directory, owner, group, checkCommand } = options;
  return [
    ...(await inspectFolder(directory)),
    ...(await inspectTemplate(options, signal, run)),
    ...(await inspectOwner('passwd', owner, run, signal)),
    ...(await inspectOwner('group', group, run, signal)),
    ...(checkCommand === null ? [] : startable('rsnapshot.checkCommand', checkCommand)),
  ];
}

function startable(key: string, [program = '']: readonly string[]): readonly StepFinding[] {
  const located = locate(program, commandPath(process.env));
  if (located.kind === 'located') return [];
  const message = `${program} cannot be started (${located.code})`;
  return [{ key, message, remedy: `install ${program}, or correct ${key}` }];
}

async function inspectFolder(directory: string): Promise<readonly StepFinding[]> {
  const key = 'rsnapshot.directory';
  try {
    const status = await stat(directory);
    if (!status.isDirectory()) {
      return [{ key, message: `${directory} is not a folder`, remedy: `correct ${key}` }];
    }
    await access(directory, constants.W_OK | constants.X_OK);
    if ((status.mode & 0o022) === 0) return [];
    return [{ key, message: `${directory} is writable by others than its owner`, remedy: `chmod go-w ${directory}` }];
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const remedy = code === 'ENOENT' ? `mkdir -p ${directory}` : `give the service the right to write there`;
    return [{ key, message: `${directory} cannot be written to (${code})`, remedy }];
  }
}

/**
 * Fills the template for an account that there is none of, with a home in a temporary folder: placeholders that do not exist
 * come to light, and what the check command has against the result.
 */
async function inspectTemplate(
  options: Omit<RsnapshotOptions, 'run'>,
  signal: AbortSignal,
  run: RunCommand,
): Promise<readonly StepFinding[]> {
  const folder = await mkdtemp(join(tmpdir(), 'prov-backup-rsnapshot-check-'));
  try {
    return await inspectSample(join(folder, 'sample'), options, signal, run);
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
  options: Omit<RsnapshotOptions, 'run'>,
  signal: AbortSignal,
  run: RunCommand,
): Promise<readonly StepFinding[]> {
  const { template, snapshotRoot, checkCommand } = options;
  const sample = templateValues('sample', { home, chroot: undefined }, snapshotRoot, SAMPLE_RETENTIONS);
  if (sample.kind === 'faulty') {
    return [{ key: 'rsnapshot.snapshotRoot', message: sample.reason, remedy: 'correct rsnapshot.snapshotRoot' }];
  }
  const key = 'rsnapshot.template';
  try {
    const text = template === null ? BUILT_IN_TEMPLATE : await readFile(template, 'utf8');
    const snapshots = join(dirname(home), 'snapshots');
    const rendered = substitute(text, { ...sample.values, snapshotRoot: snapshots });
    const remedy = `correct ${template ?? key}`;
    if (rendered.kind === 'faulty') return [{ key, message: rendered.reason, remedy }];
    if (checkCommand === null || startable('rsnapshot.checkCommand', checkCommand).length > 0) return [];
    for (const made of [home, snapshots]) await mkdir(made);
    const file = `${home}.conf`;
    await writeFile(file, rendered.text, { mode: 0o600 });
    const refusal = await refusalOf(file, checkCommand, signal, { ...options, run });
    const message = `a configuration made from it is refused: ${refusal}`;
    return refusal === undefined ? [] : [{ key, message, remedy: `${remedy}, or rsnapshot.checkCommand` }];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return [{ key, message, remedy: `make ${template} readable, or correct ${key}` }];
  }
}

async function inspectOwner(
  database: 'passwd' | 'group',
  name: string | null,
  run: RunCommand,
  signal: AbortSignal,
): Promise<readonly StepFinding[]> {
  if ((await lookUpId(database, name, run, signal)) !== undefined) return [];
  const key = database === 'passwd' ? 'rsnapshot.owner' : 'rsnapshot.group';
  return [{ key, message: `${name} is not known to this host`, remedy: `correct ${key}` }];
}
