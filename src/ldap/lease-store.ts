import type { LeaseDirectory, PresenceDirectory } from '../domain/directory.ts';
import { DirectoryError, ResultCode } from '../domain/directory-error.ts';
import type { DirectoryEntry } from '../domain/entry.ts';
import { type LeaseReading, readLease } from '../domain/lease.ts';
import { PRESENCE_PREFIX, type Presence, readPresence } from '../domain/presence.ts';
import { readGeneralizedTime } from '../domain/timestamp.ts';
import type { DirectoryOperations } from './operations.ts';
import { escapeFilterValue } from './wire/filter.ts';

/**
 * An object class of RFC 4519 that every server knows. An entry of this class needs a cn and may
 * have a description.
 */
const LEASE_CLASS = 'applicationProcess';
const VALUE = 'description';

/** A lease as an operator sees it. */
export interface ShownLease {
  readonly lease: LeaseReading;
  /** Its modifyTimestamp, in milliseconds since 1970 by the clock of the directory. */
  readonly writtenAt: number | undefined;
}

/** The leases as commands read them. No service decides by this view. */
export interface LeaseView {
  /**
   * Returns those leases that exist, by name. One call takes at most as many names as one search
   * may have.
   */
  show(names: readonly string[]): Promise<ReadonlyMap<string, ShownLease>>;
}

/**
 * The leases and the presences below `base`. Each is an entry `cn=<name>` whose description holds
 * the value.
 */
export function leaseStore(
  operations: Pick<DirectoryOperations, 'add' | 'modify' | 'search'>,
  base: string,
): LeaseDirectory & PresenceDirectory & LeaseView {
  const dnOf = (name: string) => `cn=${name},${base}`;
  const add = (name: string, value: string) =>
    operations.add(dnOf(name), { objectClass: [LEASE_CLASS], cn: [name], [VALUE]: [value] });
  const search = async (filter: string, stamp: string, take: (entry: DirectoryEntry) => void) => {
    const request = { base, scope: 'oneLevel', filter, attributes: ['cn', VALUE, stamp] } as const;
    await operations.search(request, {}, take);
  };
  const ofNames = (names: readonly string[]) => `(|${names.map((name) => `(cn=${escapeFilterValue(name)})`).join('')})`;
  return {
    add,
    swap: async (name, from, to) => {
      await operations.modify(dnOf(name), [
        { operation: 'delete', attribute: VALUE, values: [from] },
        { operation: 'add', attribute: VALUE, values: [to] },
      ]);
    },
    read: async (name) => {
      let values: readonly string[] | undefined;
      const request = { base: dnOf(name), scope: 'base', filter: '(objectClass=*)', attributes: [VALUE] } as const;
      const take = (entry: DirectoryEntry) => {
        values = textsOf(entry, VALUE);
      };
      await operations.search(request, {}, take).catch(unlessMissing);
      return values;
    },
    list: async (names) => {
      const leases = new Map<string, readonly string[]>();
      await search(ofNames(names), 'entryCSN', (entry) => {
        for (const name of textsOf(entry, 'cn')) leases.set(name.toLowerCase(), textsOf(entry, VALUE));
      });
      return leases;
    },
    show: async (names) => {
      const leases = new Map<string, ShownLease>();
      await search(ofNames(names), 'modifyTimestamp', (entry) => {
        const lease = readLease(textsOf(entry, VALUE));
        const writtenAt = readGeneralizedTime(textsOf(entry, 'modifyTimestamp')[0] ?? '');
        for (const name of textsOf(entry, 'cn')) leases.set(name.toLowerCase(), { lease, writtenAt });
      });
      return leases;
    },
    announce: async (name, value) => {
      try {
        await operations.modify(dnOf(name), [{ operation: 'replace', attribute: VALUE, values: [value] }]);
      } catch (error) {
        unlessMissing(error);
        await add(name, value);
      }
    },
    presences: async () => {
      const presences: Presence[] = [];
      await search(`(cn=${PRESENCE_PREFIX}*)`, 'entryCSN', (entry) => {
        const presence = readPresence(textsOf(entry, VALUE), textsOf(entry, 'entryCSN')[0]);
        if (presence !== undefined) presences.push(presence);
      });
      return presences;
    },
  };
}

function unlessMissing(error: unknown): void {
  if (!(error instanceof DirectoryError) || error.resultCode !== ResultCode.noSuchObject) throw error;
}

function textsOf(entry: DirectoryEntry, name: string): string[] {
  return entry.values(name).map((value) => value.toString('utf8'));
}
