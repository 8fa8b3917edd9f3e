import { constants, type Stats } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Settings } from '../../config/schema.ts';
import type { CheckLine } from '../domain/check-line.ts';
import { systemCode } from '../host/host-fault.ts';
import { lookAtOutput, OutputFault } from '../host/output-file.ts';
import { type JournalFile, nameOf } from '../journal/journal-files.ts';
import { listJournal } from '../journal/journal-folder.ts';
import { humanSize } from '../observability/human-size.ts';
import { groupNumber } from '../script/group-number.ts';
import { isThere, missingFolder } from './folders.ts';

const WHAT = 'journal';
const OTHERS = 0o007;
const OTHERS_READ = 0o005;
const GROUP_READS = 0o050;

/** Checks the folder of the journal, who may read it, and whether the disk has space for it. */
export async function checkJournal({ journal, operator }: Settings): Promise<CheckLine[]> {
  const { directory, maxSize } = journal;
  if (directory === null) return [];
  const folder = await stat(directory).catch(() => undefined);
  const place = await checkPlace(directory, folder);
  if (place.verdict !== 'ok') return [place];
  return [place, ...(await checkReaders(directory, folder, operator.group)), ...(await checkRoom(directory, maxSize))];
}

/** Checks that the service can write to the folder, or can create it, without creating it. */
async function checkPlace(directory: string, folder: Stats | undefined): Promise<CheckLine> {
  const remedy = 'create its folder and let the service write there, or correct journal.directory';
  if (folder !== undefined && !folder.isDirectory())
    return { verdict: 'fail', what: WHAT, found: `${directory} is not a folder`, remedy };
  const above = dirname(directory);
  if (folder === undefined && !(await isThere(above))) return { what: WHAT, ...missingFolder(above, 'LogsDirectory=') };
  try {
    lookAtOutput(folder === undefined ? directory : join(directory, nameOf(0)));
    await access(folder === undefined ? above : directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = error instanceof OutputFault ? error.message : (systemCode(error) ?? String(error));
    return { verdict: 'fail', what: WHAT, found: `${directory} cannot be written (${reason})`, remedy };
  }
  const state = folder === undefined ? 'is created at the start' : 'can be written to';
  return { verdict: 'ok', what: WHAT, found: `${directory} ${state}` };
}

async function checkReaders(directory: string, folder: Stats | undefined, group: string | null): Promise<CheckLine[]> {
  const what = `${WHAT} readers`;
  const number = group === null ? undefined : await groupNumber(group);
  // The check of operator.group reports a group that does not exist.
  if (group !== null && number === undefined) return [];
  const files = journalFiles(directory);
  const seen = await Promise.all(files.map(({ name }) => stat(join(directory, name)).catch(() => undefined)));
  if (seen.some((file) => file !== undefined && (file.mode & OTHERS) !== 0)) {
    const remedy = `chmod o= ${directory}/events-*`;
    return [{ verdict: 'advice', what, found: `every user of this host can read files in ${directory}`, remedy }];
  }
  if (group !== null && folder !== undefined && !mayRead(folder, number)) {
    const remedy = `if only journal files are in the folder, the service sets its group at the start; otherwise: chgrp ${group} ${directory}; chmod g=rx ${directory}`;
    return [{ verdict: 'advice', what, found: `the group ${group} cannot read ${directory}`, remedy }];
  }
  return [{ verdict: 'ok', what, found: group === null ? 'only its owner' : `its owner, and the group ${group}` }];
}

function mayRead({ gid, mode }: Stats, group: number | undefined): boolean {
  const needed = gid === group ? GROUP_READS : OTHERS_READ;
  return (mode & needed) === needed;
}

function journalFiles(directory: string): JournalFile[] {
  try {
    return listJournal(directory);
  } catch {
    return []; // it is not there yet
  }
}

/** Checks whether the file system has space for the largest size that the journal may reach. */
async function checkRoom(directory: string, maxSize: number): Promise<CheckLine[]> {
  const there = await statfs(directory).catch(() => statfs(dirname(directory)));
  const used = journalFiles(directory).reduce((sum, { bytes }) => sum + bytes, 0);
  const free = there.bavail * there.bsize;
  const wanted = Math.max(0, maxSize - used);
  const found = `${humanSize(free)} free, of which the journal takes at most ${humanSize(wanted)}`;
  if (free >= wanted) return [{ verdict: 'ok', what: `${WHAT} room`, found }];
  const remedy = 'free some space, or lower journal.maxSize: events are lost on a full disk';
  return [{ verdict: 'advice', what: `${WHAT} room`, found, remedy }];
}
