import { filter, firstValueFrom } from 'rxjs';
import type { Settings } from '../../config/schema.ts';
import { subscribeOnce } from '../../streams/subscription.ts';
import type { CheckLine, Found } from '../domain/check-line.ts';
import { counted } from '../domain/counted.ts';
import { DirectoryError } from '../domain/directory-error.ts';
import type { DirectoryEntry } from '../domain/entry.ts';
import { attributesToRead } from '../domain/read-account.ts';
import { readGeneralizedTime } from '../domain/timestamp.ts';
import type { DirectoryAccess } from '../ldap/access.ts';
import type { DirectoryOperations } from '../ldap/operations.ts';
import { PAGE_SIZE } from '../ldap/search.ts';
import { openAccountsFilter } from '../service/site.ts';
import { runCheck } from './run-check.ts';
import { checkWriteAccess } from './write-access.ts';

/**
 * More entries than any server returns by default. If this many are returned, no size limit
 * applies.
 */
const ENOUGH_ENTRIES = 2_001;
/** The largest difference between the clocks that is accepted, in milliseconds. */
const TOLERATED_SKEW_MILLISECONDS = 5_000;

/** Checks the reads, the subscription and the writes of the service, without changing anything. */
export async function checkAccounts(
  settings: Settings,
  access: DirectoryAccess,
  url: string,
  operations: DirectoryOperations,
  now: () => number,
): Promise<CheckLine[]> {
  const { base } = settings.directory;
  let sample: DirectoryEntry | undefined;
  let newest: number | undefined;

  return [
    await runCheck(`base ${base}`, async () => {
      const count = await countAccounts(settings, operations, (entry) => {
        sample ??= entry;
        const [stamp] = entry.values('modifyTimestamp');
        const at = stamp === undefined ? undefined : readGeneralizedTime(stamp.toString());
        if (at !== undefined && (newest === undefined || at > newest)) newest = at;
      });
      if (count > 0) return { verdict: 'ok', found: `${counted(count, 'account')} readable in one search` };
      return {
        verdict: 'advice',
        found: `no entry below it matches ${settings.directory.filter}`,
        remedy: 'if there are accounts: correct directory.base or directory.filter, or let the bind account read them',
      };
    }),
    await runCheck('subscription', () => checkSubscription(settings, access, url)),
    await runCheck('lists', () => checkLists(settings, operations)),
    await runCheck('right to write', () => checkWriteAccess(settings, operations, sample)),
    await runCheck('clock', () => checkClock(operations, newest, now)),
    await runCheck('indexes', () => checkIndexes(settings, operations)),
  ];
}

async function countAccounts(
  { directory, attributes }: Settings,
  operations: DirectoryOperations,
  entry: (entry: DirectoryEntry) => void,
): Promise<number> {
  let count = 0;
  const enough = new Error('enough');
  const request = { filter: directory.filter, attributes: attributesToRead(attributes) };
  try {
    await operations.search(request, {}, (found) => {
      count += 1;
      entry(found);
      if (count >= ENOUGH_ENTRIES) throw new DirectoryError(enough.message, { cause: enough });
    });
  } catch (error) {
    if (!(error instanceof DirectoryError) || error.cause !== enough) throw error;
  }
  return count;
}

async function checkSubscription(settings: Settings, access: DirectoryAccess, url: string): Promise<Found> {
  let chosen = '';
  const refreshed = await firstValueFrom(
    subscribeOnce({
      access,
      url,
      base: settings.directory.base,
      filter: openAccountsFilter(settings),
      attributes: attributesToRead(settings.attributes),
      protocol: settings.directory.subscription,
      deadAfterMilliseconds: settings.reconnect.deadAfter,
    }).pipe(
      filter((change) => {
        if (change.kind === 'connected') chosen = `${change.protocol}, ${change.server}`;
        return change.kind === 'refreshed';
      }),
    ),
  );
  const entries = refreshed.kind === 'refreshed' ? refreshed.entries : 0;
  return { verdict: 'ok', found: `offered (${chosen}); ${counted(entries, 'open account')}` };
}

/** Lists the open accounts as the service does periodically. */
async function checkLists(settings: Settings, operations: DirectoryOperations): Promise<Found> {
  const request = { filter: openAccountsFilter(settings), attributes: attributesToRead(settings.attributes) };
  const refusal = await operations.search(request, { pageSize: PAGE_SIZE }, () => {});
  if (refusal === undefined) return { verdict: 'ok', found: `in pages of ${PAGE_SIZE}` };
  return {
    verdict: 'ok',
    found: `in one piece, because the server refuses pages of ${PAGE_SIZE} (${refusal.message})`,
  };
}

async function checkClock(
  operations: DirectoryOperations,
  newest: number | undefined,
  now: () => number,
): Promise<Found> {
  const directoryTime = await monitorTime(operations);
  if (directoryTime === undefined) {
    const behind = newest === undefined ? 0 : newest - now();
    if (behind > TOLERATED_SKEW_MILLISECONDS)
      return skewAdvice(`at least ${Math.round(behind / 1000)} s behind the directory's`);
    return {
      verdict: 'ok',
      found: "not behind any stamp of the directory's (let the bind account read cn=monitor to compare exactly)",
    };
  }
  const difference = directoryTime - now();
  if (Math.abs(difference) <= TOLERATED_SKEW_MILLISECONDS)
    return { verdict: 'ok', found: "agrees with the directory's within 5 s" };
  return skewAdvice(
    `${Math.round(Math.abs(difference) / 1000)} s ${difference > 0 ? 'behind' : 'ahead of'} the directory's`,
  );
}

function skewAdvice(how: string): Found {
  return {
    verdict: 'advice',
    found: `this host's clock is ${how}`,
    remedy: 'synchronise both with NTP: the service decides by this clock when a day begins, and writes states with it',
  };
}

/**
 * The time of the server, if it can be read from the monitor database of OpenLDAP or the monitor
 * entry of 389 Directory Server.
 */
async function monitorTime(operations: DirectoryOperations): Promise<number | undefined> {
  const places = [
    { base: 'cn=Current,cn=Time,cn=Monitor', attribute: 'monitorTimestamp' },
    { base: 'cn=monitor', attribute: 'currentTime' },
  ];
  for (const { base, attribute } of places) {
    let found: number | undefined;
    const request = { base, scope: 'base', filter: '(objectClass=*)', attributes: [attribute] } as const;
    const look = (entry: DirectoryEntry): void => {
      const [value] = entry.values(attribute);
      if (value !== undefined) found = readGeneralizedTime(value.toString());
    };
    await operations.search(request, {}, look).catch((error: unknown) => {
      // A missing or unreadable entry is not a fault. A failed connection is one.
      if (!(error instanceof DirectoryError) || error.resultCode === undefined) throw error;
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Checks whether the attributes of the searches of the service are indexed, if cn=config can be
 * read.
 */
async function checkIndexes({ attributes }: Settings, operations: DirectoryOperations): Promise<Found> {
  const needed = ['objectClass', attributes.state, 'uid', 'entryUUID', 'entryCSN'];
  const indexed = new Set<string>();
  const request = {
    base: 'cn=config',
    scope: 'subtree',
    filter: '(|(olcDbIndex=*)(objectClass=nsIndex))',
    attributes: ['olcDbIndex', 'cn', 'nsIndexType'],
  } as const;
  await operations
    .search(request, {}, (entry) => {
      for (const value of [...entry.values('olcDbIndex'), ...entry.values('cn')]) {
        const [names = ''] = value.toString().split(/\s+/);
        for (const name of names.split(',')) indexed.add(name.toLowerCase());
      }
    })
    .catch((error: unknown) => {
      if (!(error instanceof DirectoryError) || error.resultCode === undefined) throw error;
    });
  const remedy = `index them for equality (slapd: index ${needed.join(',')} eq)`;
  if (indexed.size === 0) {
    return {
      verdict: 'advice',
      found: `the server's configuration is not readable: make sure that ${needed.join(', ')} are indexed`,
      remedy,
    };
  }
  const missing = needed.filter((name) => !indexed.has(name.toLowerCase()));
  if (missing.length === 0) return { verdict: 'ok', found: needed.join(', ') };
  return { verdict: 'advice', found: `no index for ${missing.join(', ')}`, remedy };
}
