import { dirname, resolve } from 'node:path';
import type { Settings } from '../../config/schema.ts';
import type { CheckLine, Found } from '../domain/check-line.ts';
import { readInput } from '../host/input-file.ts';
import { humanDuration } from '../observability/human-time.ts';
import { readAddress } from '../operator/listen-address.ts';
import { runCommand } from '../script/command.ts';
import { runCheck } from './run-check.ts';
import { accessOf, type UnitAccess } from './unit-access.ts';
import { readTimeSpan, readUnitFile, type UnitFile } from './unit-file.ts';

/** systemd's DefaultTimeoutStopSec, in milliseconds. */
const DEFAULT_STOP = 90_000;
const SYSTEMCTL_MILLISECONDS = 10_000;

/**
 * Compares a systemd unit, given by name or as a file, with the configuration of its service. It
 * checks that the service can access the paths in the settings, and has enough time to drain.
 */
export async function checkUnit(name: string, configFile: string, settings: Settings): Promise<CheckLine[]> {
  let unit: UnitFile | undefined;
  const read = await runCheck(`unit ${name}`, async () => {
    unit = readUnitFile(await textOf(name), /@(.*?)(?:\.service)?$/.exec(name)?.[1] ?? '');
    return findCommand(unit, configFile);
  });
  if (unit === undefined) return [read];
  return [read, ...compareFolders(unit, configFile, settings), compareStop(unit, settings)];
}

async function textOf(name: string): Promise<string> {
  if (name.includes('/')) return (await readInput(name)).toString('utf8');
  const options = { timeoutMilliseconds: SYSTEMCTL_MILLISECONDS, signal: new AbortController().signal };
  const result = await runCommand(['systemctl', 'cat', '--no-pager', '--', name], options);
  if (result.kind === 'exited' && result.exitCode === 0) return result.output;
  const why = result.complaint.trim() || result.kind;
  throw Object.assign(new Error(`systemctl cat does not show it: ${why}`), {
    remedy: 'install it, or give its file: check --unit ./NAME.service',
  });
}

function findCommand(unit: UnitFile, configFile: string): Found {
  const command = unit.words('ExecStart');
  if (command.length === 0) {
    return { verdict: 'fail', found: 'it has no ExecStart', remedy: 'add an ExecStart that runs the service' };
  }
  const given = command[command.findIndex((word) => word === '-c' || word === '--config') + 1] ?? '';
  if (resolve(given) === resolve(configFile)) return { verdict: 'ok', found: `it runs with ${given}` };
  return {
    verdict: 'advice',
    found: `it runs with ${given}, not with ${configFile}`,
    remedy: `check -c ${given}, or correct its ExecStart`,
  };
}

/** A path that the settings name, and whether the service or its script writes to it. */
interface Need {
  readonly setting: string;
  readonly path: string;
  readonly write: boolean;
}

/** Checks whether the sandbox of the unit allows the access that the settings need. */
export function compareFolders(unit: UnitFile, configFile: string, settings: Settings): CheckLine[] {
  const access = accessOf(unit);
  const needs = needsOf(configFile, settings);
  const lines = needs.flatMap(({ setting, path, write }) => {
    const { access: allowed, by } = access(path);
    if (allowed === 'write' || (allowed === 'read' && !write)) return [];
    return [{ verdict: 'fail', what: `unit: ${setting}`, ...refusal(path, { access: allowed, by }) } as const];
  });
  if (lines.length > 0) return lines;
  return [{ verdict: 'ok', what: 'unit: folders', found: needs.map(({ path }) => path).join(', ') }];
}

function refusal(path: string, { access, by }: UnitAccess): Pick<CheckLine, 'found' | 'remedy'> {
  if (access === 'read') {
    return {
      found: `${path} is read-only for the service and its scripts (${by})`,
      remedy: `systemctl edit: [Service] ReadWritePaths=${path}`,
    };
  }
  const remedy = `move it, or systemctl edit: [Service] BindPaths=${path}`;
  return { found: `${path} is hidden from the service and its scripts (${by})`, remedy };
}

function needsOf(
  configFile: string,
  { directory, script, rsnapshot, log, notify, operator }: Settings,
): readonly Need[] {
  const listen = (operator.listen ?? []).map(readAddress);
  const sockets = listen.flatMap((address) => (address.kind === 'unix' ? [address.path] : []));
  const programs = [script.command, ...Object.values(script.perMode)].map((command) => command?.[0] ?? null);
  const needs: ReadonlyArray<readonly [setting: string, path: string | null, write: boolean]> = [
    ['configuration', resolve(configFile), false],
    ['directory.bindPasswordFile', directory.bindPasswordFile, false],
    ['directory.tls.caFile', directory.tls.caFile, false],
    ['notify.mail.passwordFile', notify.mail.passwordFile, false],
    ['notify.mail.caFile', notify.mail.caFile, false],
    ['notify.webhook.caFile', notify.webhook.caFile, false],
    ...programs.map((program) => ['script.command', program, false] as const),
    ['rsnapshot.template', rsnapshot.enabled ? rsnapshot.template : null, false],
    ['script.homeRoot', script.homeRoot, true],
    ['rsnapshot.directory', rsnapshot.enabled ? rsnapshot.directory : null, true],
    ['log.file', log.file === null ? null : dirname(log.file), true],
    ...sockets.map((socket) => ['operator.listen', dirname(socket), true] as const),
    ['locks and records', '/run/prov-backup-rsnapshot', true],
  ];
  return needs.flatMap(([setting, path, write]) => (path?.startsWith('/') ? [{ setting, path, write }] : []));
}

/**
 * Checks whether the unit gives the service enough time to drain before systemd kills its
 * processes.
 */
export function compareStop(unit: UnitFile, { shutdown, script }: Settings): CheckLine {
  const what = 'unit: stop';
  const mode = unit.value('KillMode') ?? 'control-group';
  if (mode !== 'mixed') {
    const found = `with KillMode=${mode}, systemd does not send SIGTERM to the service alone`;
    return { verdict: 'fail', what, found, remedy: 'systemctl edit: [Service] KillMode=mixed' };
  }
  const given = unit.value('TimeoutStopSec') ?? unit.value('TimeoutSec');
  const allowed = given === undefined ? DEFAULT_STOP : readTimeSpan(given);
  const shown = `TimeoutStopSec=${given ?? '90s, the default,'}`;
  const needed = shutdown.grace + script.killGrace;
  const remedy = `systemctl edit: [Service] TimeoutStopSec=${Math.ceil(needed / 1_000) + 20}`;
  if (allowed === undefined) return { verdict: 'fail', what, found: `${shown} is not a time span`, remedy };
  const parts = `shutdown.grace ${humanDuration(shutdown.grace)} and script.killGrace ${humanDuration(script.killGrace)}`;
  if (allowed > needed) return { verdict: 'ok', what, found: `${shown} is longer than ${parts}` };
  const found = `${shown} is not longer than ${parts}: systemd would kill scripts, and their outcomes would be lost`;
  return { verdict: 'fail', what, found, remedy };
}
