import type { Settings } from '../../config/schema.ts';
import type { Objection } from '../../handlers/steps/host-users.ts';
import type { AccountRecord, EntryReading } from '../domain/account.ts';
import type { Decision } from '../domain/decide.ts';
import { decisionMaker, NO_WAIT_TIMES } from '../service/site.ts';

export interface Decider {
  readonly decide: (record: AccountRecord) => Decision;
  /** `YYYYMMDD` in the configured time zone. */
  readonly today: string;
}

/**
 * Returns the reading of an entry. If the user database of the host has an objection to the
 * account, the reading becomes unworkable.
 */
export async function unlessObjected(reading: EntryReading, objection: Objection): Promise<EntryReading> {
  if (reading.kind !== 'account') return reading;
  const { dn, uid } = reading.record;
  const reason = await objection(reading.record);
  return reason === undefined ? reading : { kind: 'unworkable', dn, uid, reason };
}

/** Returns the decisions of the service, for a command that only reads. */
export function decisionOf(settings: Settings): Decider {
  const { today, decideNow } = decisionMaker(settings, NO_WAIT_TIMES);
  return { today: today(), decide: (record) => decideNow(record, 'seen') };
}
