import { hostObjection } from '../../handlers/steps/host-users.ts';
import type { EntryReading } from '../domain/account.ts';
import type { Decision } from '../domain/decide.ts';
import { attributesToRead, readAccount } from '../domain/read-account.ts';
import { isoTime, readGeneralizedTime } from '../domain/timestamp.ts';
import { isNumeric } from '../domain/uid.ts';
import { visible } from '../domain/visible.ts';
import { PAGE_SIZE } from '../ldap/search.ts';
import { fullTime } from '../observability/human-time.ts';
import { rulesOf } from '../service/site.ts';
import { unsettledFilter } from './account-search.ts';
import { decisionOf, unlessObjected } from './decision.ts';
import type { DirectorySession } from './directory-session.ts';
import { type Finding, type FindingKind, OWED } from './finding.ts';
import { areLeased, type LeasedFinding, nameHolders } from './verify-leases.ts';

export interface Tally {
  readonly owed: number;
  readonly byKind: ReadonlyMap<FindingKind, number>;
}

/**
 * Searches for all accounts that may need work, page by page, and calls `take` for each finding. It
 * keeps only counts, the DNs of the findings, and the accounts that are to be looked up in the user
 * database of the host or whose leases are to be read. Therefore the directory may have any size.
 * Rejects with a DirectoryError if the list is incomplete.
 */
export async function verifyAccounts(session: DirectorySession, take: (finding: Finding) => void): Promise<Tally> {
  const { directory, settings } = session;
  const names = settings.attributes;
  const rules = rulesOf(settings);
  const now = Date.now();
  const { decide } = decisionOf(settings);
  const byKind = new Map<FindingKind, number>();
  let owed = 0;
  const isLeased = areLeased(session);
  /** The findings about accounts whose lease a service may hold. */
  const leased: LeasedFinding[] = [];
  const report = (finding: Finding | undefined) => {
    if (finding === undefined) return;
    if (isLeased && mayBeHeld(finding)) leased.push(finding);
    else tell(finding);
  };
  const tell = (finding: Finding) => {
    byKind.set(finding.kind, (byKind.get(finding.kind) ?? 0) + 1);
    if (finding.owed) owed += 1;
    take(finding);
  };
  /** The accounts to look up in the host's user database. */
  const toLookUp: Array<{ readonly reading: EntryReading; readonly modifiedAt: number | undefined }> = [];
  const found = new Set<string>();
  const request = { filter: unsettledFilter(settings), attributes: attributesToRead(names) };
  await directory.search(request, { pageSize: PAGE_SIZE }, (entry) => {
    const reading = readAccount(entry, names, rules);
    const stamp = entry.values('modifyTimestamp')[0]?.toString('latin1') ?? '';
    const modifiedAt = readGeneralizedTime(stamp);
    const finding = judge(reading, modifiedAt, now, decide);
    if (finding === undefined || found.has(entry.dn)) return;
    found.add(entry.dn);
    if (reading.kind !== 'account' || isNumeric(reading.record.uid)) report(finding);
    else toLookUp.push({ reading, modifiedAt });
  });
  const objection = hostObjection({ rules: settings.accounts, signal: new AbortController().signal });
  const lookUps = toLookUp.map(async ({ reading, modifiedAt }) => {
    report(judge(await unlessObjected(reading, objection), modifiedAt, now, decide));
  });
  await Promise.all(lookUps);
  await nameHolders(session, leased, tell);
  return { owed, byKind };
}

function mayBeHeld(finding: Finding): finding is LeasedFinding {
  return finding.uid !== null && (finding.kind === 'open' || finding.kind === 'in work');
}

function judge(
  reading: EntryReading,
  modifiedAt: number | undefined,
  now: number,
  decide: (record: (EntryReading & { kind: 'account' })['record']) => Decision,
): Finding | undefined {
  if (reading.kind === 'foreign') return undefined;
  const ageSeconds = modifiedAt === undefined ? null : Math.max(0, Math.round((now - modifiedAt) / 1000));
  const age = { ageSeconds, since: modifiedAt === undefined ? null : isoTime(modifiedAt) };
  if (reading.kind === 'unworkable') {
    const { dn, uid = null, reason } = reading;
    return { kind: 'not workable', owed: true, uid, dn, mode: null, ...age, returnValue: null, reason };
  }
  const { dn, uid, mode } = reading.record;
  const decision = decide(reading.record);
  const kind = kindOf(decision);
  if (kind === undefined) return undefined;
  const returnValue = decision.kind === 'failed' ? Number(decision.returnValue) : null;
  // The entry does not show whether a service is working on it or was interrupted.
  const reason = kind === 'in work' ? 'claimed, and neither finished nor failed yet' : decision.reason;
  return { kind, owed: OWED[kind], uid, dn, mode, ...age, returnValue, reason };
}

function kindOf(decision: Decision): FindingKind | undefined {
  switch (decision.kind) {
    case 'claim':
      return 'open';
    case 'resume':
      return 'in work';
    case 'failed':
      return 'failed';
    case 'defer':
      return 'deferred';
    case 'wait':
      // A wait with a time waits for the work of another service. A wait without a time waits for a
      // change of the entry.
      return decision.recheckInMilliseconds === undefined ? 'waiting' : 'in work';
    case 'noRequest':
      return undefined;
  }
}

/** One finding as one line for people. */
export function renderFinding({ kind, uid, dn, mode, since, reason }: Finding): string {
  const columns = [
    kind.padEnd(12),
    (uid ?? '-').padEnd(10),
    (mode ?? '-').padEnd(9),
    `since ${since === null ? '?' : fullTime(since)}`.padEnd(29),
  ];
  return visible(`${columns.join('  ')}  ${uid === null ? `${dn}: ` : ''}${reason}`);
}

/** The verb for one account, and for several. */
const WORDS: Readonly<Record<FindingKind, readonly [one: string, several: string]>> = {
  open: ['waits for a service', 'wait for a service'],
  'in work': ['is in work', 'are in work'],
  failed: ['failed', 'failed'],
  'not workable': ['cannot be worked on', 'cannot be worked on'],
  deferred: ['is deferred', 'are deferred'],
  waiting: ['waits', 'wait'],
};

/** The result in one or two sentences. */
export function summarize({ owed, byKind }: Tally): string {
  const sentence = (wanted: boolean) => {
    const parts = [...byKind].filter(([kind]) => OWED[kind] === wanted);
    return parts.map(([kind, number]) => `${number} ${number === 1 ? WORDS[kind][0] : WORDS[kind][1]}`).join(', ');
  };
  const rest =
    owed === [...byKind.values()].reduce((sum, number) => sum + number, 0) ? '' : ` Not due: ${sentence(false)}.`;
  if (owed === 0) return `Nothing needs to be done.${rest}`;
  return `${sentence(true).replace(/^\d+/, (number) => `${number} account${number === '1' ? '' : 's'}`)}.${rest}`;
}
