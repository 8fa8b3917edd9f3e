import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { NEVER } from 'rxjs';
import type { Settings } from '../../config/schema.ts';
import type { CheckLine } from '../domain/check-line.ts';
import { NO_ACCOUNTS } from '../domain/condition.ts';
import { lookAtOutput, OutputFault } from '../host/output-file.ts';
import { fetchStatus } from '../operator/fetch-status.ts';
import { readAddress } from '../operator/listen-address.ts';
import { startOperatorServer } from '../operator/server.ts';
import { groupNumber } from '../operator-group.ts';
import { checkJournal } from './journal.ts';
import { runCheck } from './run-check.ts';

/** Checks the log file, the journal and the operator interface of a service with these settings. */
export async function checkOutputs(settings: Settings): Promise<CheckLine[]> {
  const { log, operator } = settings;
  const { file } = log;
  return [
    ...(file === null ? [] : [await runCheck('log file', () => checkLogFile(file))]),
    ...(await checkJournal(settings)),
    ...(operator.group === null ? [] : await checkGroup(operator.group)),
    ...(await checkListen(operator)),
  ];
}

type Found = Omit<CheckLine, 'what'>;

/**
 * Checks the log file without creating it: another user than the service's may run this check, and
 * would own the file.
 */
async function checkLogFile(file: string): Promise<Found> {
  const folder = dirname(file);
  const kind = await stat(file).then(
    (found) => (found.isDirectory() ? 'folder' : 'file'),
    () => 'missing',
  );
  const remedy = 'create its folder and let the service write there, or correct log.file';
  if (kind === 'missing' && !(await isThere(folder))) return missingFolder(folder, 'LogsDirectory=');
  if (kind === 'folder') return { verdict: 'fail', found: `${file} is a folder`, remedy };
  if (kind === 'missing' && !(await stat(folder)).isDirectory())
    return { verdict: 'fail', found: `${folder} is no folder`, remedy };
  try {
    lookAtOutput(file);
    await access(kind === 'file' ? file : folder, constants.W_OK);
  } catch (error) {
    if (error instanceof OutputFault)
      return { verdict: 'fail', found: `${file} is not written: ${error.message}`, remedy };
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return { verdict: 'fail', found: `${file} cannot be written to (${code})`, remedy };
  }
  return { verdict: 'ok', found: `${file} can be written to` };
}

async function checkGroup(group: string): Promise<CheckLine[]> {
  if ((await groupNumber(group)) !== undefined) return [];
  const remedy = 'create it, or correct operator.group';
  return [{ verdict: 'fail', what: 'operator group', found: `${group} is no group of this host`, remedy }];
}

async function checkListen({ listen, allowRemote }: Settings['operator']): Promise<CheckLine[]> {
  const lines: CheckLine[] = [];
  for (const address of listen ?? []) lines.push(...(await checkOperator(address, allowRemote)));
  return lines;
}

async function checkOperator(listen: string, allowRemote: boolean): Promise<CheckLine[]> {
  const line = await runCheck('operator', () => checkListening(listen, allowRemote));
  if (line.verdict === 'fail' || readAddress(listen).kind === 'unix') return [line];
  const readers = `every user of this host${allowRemote ? ', whoever reaches it,' : ''} and whoever may forward a port to it (ssh -L)`;
  const found = `${readers} can read uids, DNs and what scripts print on ${listen}`;
  const remedy = 'let operator.listen be a Unix socket, which only its owner and group can read';
  return [line, { verdict: 'advice', what: 'operator', found, remedy }];
}

async function checkListening(listen: string, allowRemote: boolean): Promise<Found> {
  const running = await fetchStatus(listen, { limit: 0 }).then(
    () => true,
    () => false,
  );
  if (running) return { verdict: 'ok', found: `a service runs and answers on ${listen}` };
  const address = readAddress(listen);
  const folder = address.kind === 'unix' ? dirname(address.path) : undefined;
  if (folder !== undefined && !(await isThere(folder))) return missingFolder(folder, 'RuntimeDirectory=');
  const source = { events$: NEVER, accounts: NO_ACCOUNTS, limitMilliseconds: 0 };
  const { close } = await startOperatorServer({ listen, allowRemote, version: '', now: Date.now, ...source });
  await close();
  return { verdict: 'ok', found: `${listen} is free to listen on` };
}

/** A missing folder is only advice, as a systemd unit creates its folders at its first start. */
function missingFolder(folder: string, directive: string): Found {
  const remedy = `the systemd unit makes its own at its start (${directive}); create any other`;
  return { verdict: 'advice', found: `${folder} does not exist yet`, remedy };
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
