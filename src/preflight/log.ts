import { lookup } from 'node:dns/promises';
import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { Settings } from '../../config/schema.ts';
import type { CheckLine, Found } from '../domain/check-line.ts';
import { FEW_FREE_BYTES } from '../domain/status.ts';
import { systemCode } from '../host/host-fault.ts';
import { lookAtOutput, OutputFault } from '../host/output-file.ts';
import { humanSize } from '../observability/human-size.ts';
import { addressText } from '../service/outlets.ts';
import { isThere, missingFolder } from './folders.ts';
import { runCheck } from './run-check.ts';

type SyslogAddress = NonNullable<Settings['log']['syslog']>['address'];

/** How long a syslog server may take to accept a connection, in milliseconds. */
const TIMEOUT = 3_000;

/** Checks the log file and syslog. */
export async function checkLog({ file, syslog }: Settings['log']): Promise<CheckLine[]> {
  return [
    ...(file === null ? [] : await checkFile(file)),
    ...(syslog === null ? [] : [await runCheck('syslog', () => checkSyslog(syslog.address))]),
  ];
}

async function checkFile(file: string): Promise<CheckLine[]> {
  const line = await runCheck('log file', () => checkLogFile(file));
  return line.verdict === 'ok' ? [line, await runCheck('log room', () => checkRoom(dirname(file)))] : [line];
}

/**
 * Checks the log file without creating it: the check may run as another user than the service, and
 * that user would own the file.
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
    return { verdict: 'fail', found: `${folder} is not a folder`, remedy };
  try {
    lookAtOutput(file);
    await access(kind === 'file' ? file : folder, constants.W_OK);
  } catch (error) {
    if (error instanceof OutputFault)
      return { verdict: 'fail', found: `${file} is not written: ${error.message}`, remedy };
    return { verdict: 'fail', found: `${file} cannot be written to (${systemCode(error) ?? error})`, remedy };
  }
  return { verdict: 'ok', found: `${file} can be written to` };
}

async function checkRoom(folder: string): Promise<Found> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const found = `${humanSize(free)} free`;
  if (free >= FEW_FREE_BYTES) return { verdict: 'ok', found };
  return { verdict: 'advice', found, remedy: 'free some space: lines of the log are lost on a full disk' };
}

/**
 * Checks that the log can be sent to the address. Over UDP, only the name of the server can be
 * checked.
 */
async function checkSyslog(address: SyslogAddress): Promise<Found> {
  const where = addressText(address);
  const remedy = 'start the logger, or correct log.syslog: until then lines wait, and the oldest are lost';
  const failure = await failureAt(address).catch((error: unknown) => systemCode(error) ?? String(error));
  if (failure !== undefined)
    return { verdict: 'fail', found: `the log cannot be sent to ${where} (${failure})`, remedy };
  return {
    verdict: 'ok',
    found: address.kind === 'udp' ? `${where}; UDP does not show whether the server receives the lines` : where,
  };
}

/** Resolves to the reason why the log cannot be sent to the address, or to undefined if it can. */
async function failureAt(address: SyslogAddress): Promise<string | undefined> {
  switch (address.kind) {
    case 'unix':
      return (await stat(address.path)).isSocket() ? undefined : 'not a socket';
    case 'udp':
      await lookup(address.host);
      return undefined;
    case 'tcp':
      return accepts(address.host, address.port);
  }
}

function accepts(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host);
    const finish = (failure?: string): void => {
      socket.destroy();
      resolve(failure);
    };
    socket.setTimeout(TIMEOUT, () => finish('no answer'));
    socket.once('connect', () => finish());
    socket.once('error', reject);
  });
}
