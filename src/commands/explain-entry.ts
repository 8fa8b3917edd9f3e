import type { Settings } from '../../config/schema.ts';
import type { Objection } from '../../handlers/steps/host-users.ts';
import { comparableDn } from '../domain/dn.ts';
import type { DirectoryEntry } from '../domain/entry.ts';
import { modesText } from '../domain/mode.ts';
import { readAccount } from '../domain/read-account.ts';
import { isoTime } from '../domain/timestamp.ts';
import { visible } from '../domain/visible.ts';
import { PAGE_SIZE } from '../ldap/search.ts';
import { fullTime, humanDuration } from '../observability/human-time.ts';
import { rulesOf } from '../service/site.ts';
import { uidFilter } from './account-search.ts';
import { decisionOf, unlessObjected } from './decision.ts';
import type { DirectorySession } from './directory-session.ts';
import { explainAccount } from './explain-account.ts';

export interface FoundEntry {
  readonly entry: DirectoryEntry;
  /** Whether the site's filter matches the entry; otherwise the service does not see it. */
  readonly matches: boolean;
}

/** At most this many entries with the same uid are read. */
const MOST_ENTRIES = 20;

/** Returns the entries with a uid at or below the base, even if the service does not see them. */
export async function entriesOf({ directory, settings }: DirectorySession, uid: string): Promise<FoundEntry[]> {
  const found = new Map<string, { entry: DirectoryEntry; matches: boolean }>();
  const search = (filter: string, take: (entry: DirectoryEntry) => void) =>
    directory.search(
      { filter, attributes: ['*', 'entryUUID', 'modifyTimestamp', 'modifiersName'] },
      { pageSize: PAGE_SIZE },
      take,
    );
  await search(uidFilter(uid), (entry) => {
    if (found.size < MOST_ENTRIES) found.set(comparableDn(entry.dn), { entry, matches: false });
  });
  await search(`(&${settings.directory.filter}${uidFilter(uid)})`, (entry) => {
    const known = found.get(comparableDn(entry.dn));
    if (known !== undefined) known.matches = true;
  });
  return [...found.values()];
}

/** The explanation of one entry as lines for people. */
export async function describeEntry(
  entry: DirectoryEntry,
  matches: boolean,
  settings: Settings,
  objection: Objection,
): Promise<string[]> {
  const reading = readAccount(entry, settings.attributes, rulesOf(settings));
  const lines = describeReading(matches, settings, await unlessObjected(reading, objection));
  return [visible(entry.dn), ...lines.map((line) => visible(line)), ''];
}

function describeReading(matches: boolean, settings: Settings, reading: ReturnType<typeof readAccount>): string[] {
  const { directory, attributes: names, timeZone } = settings;
  if (!matches) {
    return [
      `  The service does not see this entry: directory.filter ${directory.filter} does not match it.`,
      '  Next: change the entry so that it matches the filter, or change the filter.',
    ];
  }
  if (reading.kind === 'foreign') {
    return [
      `  The service leaves this entry alone: ${reading.reason}.`,
      `  Next: to request something, write ${names.mode} (${modesText()}) and ${names.state}: 0 in one operation;`,
      '  if the entry already has these attributes, let the account in directory.bindDn read them.',
    ];
  }
  if (reading.kind === 'unworkable') {
    return [
      `  The service cannot work on this entry and skips it: ${reading.reason}.`,
      '  Next: correct the entry; the service continues as soon as the entry is changed.',
    ];
  }
  const { record } = reading;
  const now = Date.now();
  const { decide, today } = decisionOf(settings);
  const explained = explainAccount(record, { names, decide, today, timeZone });
  const { modifiedAt, modifiedBy } = record;
  const by = modifiedBy === undefined ? '' : ` by ${modifiedBy}`;
  const written =
    modifiedAt === undefined
      ? ''
      : `, last written ${fullTime(isoTime(modifiedAt))} (${humanDuration(Math.max(0, now - modifiedAt))} ago)${by}`;
  return [
    `  account ${record.uid}${written}`,
    ...explained.rules.map(({ rule, sentence, decides }) => `${decides ? '> ' : '  '}${rule.padEnd(8)}${sentence}`),
    `  The service ${explained.verdict}.`,
    ...explained.afterwards.map((reason) => `  After that: ${reason}.`),
    `  Next: ${explained.next}.`,
  ];
}
