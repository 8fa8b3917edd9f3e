import { dirname } from 'node:path';
import { NEVER } from 'rxjs';
import type { Settings } from '../../config/schema.ts';
import type { CheckLine, Found } from '../domain/check-line.ts';
import { NO_ACCOUNTS } from '../domain/condition.ts';
import { fetchStatus } from '../operator/fetch-status.ts';
import { readAddress } from '../operator/listen-address.ts';
import { startOperatorServer } from '../operator/server.ts';
import { groupNumber } from '../script/group-number.ts';
import { isThere, missingFolder } from './folders.ts';
import { checkJournal } from './journal.ts';
import { checkLog } from './log.ts';
import { runCheck } from './run-check.ts';

/** Checks the log, the journal and the operator interface of a service with these settings. */
export async function checkOutputs(settings: Settings): Promise<CheckLine[]> {
  const { operator } = settings;
  return [
    ...(await checkLog(settings.log)),
    ...(await checkJournal(settings)),
    ...(operator.group === null ? [] : await checkGroup(operator.group)),
    ...(await checkListen(operator)),
  ];
}

async function checkGroup(group: string): Promise<CheckLine[]> {
  if ((await groupNumber(group)) !== undefined) return [];
  const remedy = 'create it, or correct operator.group';
  return [{ verdict: 'fail', what: 'operator group', found: `there is no group ${group} on this host`, remedy }];
}

async function checkListen({ listen, allowRemote }: Settings['operator']): Promise<CheckLine[]> {
  const lines: CheckLine[] = [];
  for (const address of listen ?? []) lines.push(...(await checkOperator(address, allowRemote)));
  return lines;
}

async function checkOperator(listen: string, allowRemote: boolean): Promise<CheckLine[]> {
  const line = await runCheck('operator', () => checkListening(listen, allowRemote));
  if (line.verdict === 'fail' || readAddress(listen).kind === 'unix') return [line];
  const readers = `every user of this host${allowRemote ? ', every user who can reach it over the network' : ''} and every user who may forward a port to it (ssh -L)`;
  const found = `${readers} can read uids, DNs and the output of scripts on ${listen}`;
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
  const source = { events$: NEVER, accounts: NO_ACCOUNTS, limitMilliseconds: () => 0 };
  const { close } = await startOperatorServer({ listen, allowRemote, version: '', now: Date.now, ...source });
  await close();
  return { verdict: 'ok', found: `${listen} is free to listen on` };
}
