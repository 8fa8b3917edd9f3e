import { isInWork } from '../src/domain/decide.ts';
import type { AccountsInStream } from './accounts-in-stream.ts';
import { type Candidate, laneOf } from './candidate.ts';
import type { Place } from './held-places.ts';

/**
 * Returns the account with this uid if an operator may settle it: it has failed, or is in work
 * while no handler runs for it. Otherwise returns the reason why it may not be settled.
 */
export function accountToSettle(accounts: AccountsInStream, uid: string): Candidate | string {
  const lane = laneOf(uid);
  const isWanted = (account: { readonly uid: string }) => laneOf(account.uid) === lane;
  for (const turn of accounts.turns.conditions()) {
    if (isWanted(turn)) return 'it is in work; cancel ends its script, which counts as failed';
  }
  // An account that is held for a newer request may also wait for a slot with an older one.
  const found = new Map<string, Candidate | string>();
  for (const place of accounts.held.values()) {
    if (isWanted(place.item.record)) found.set(place.id, ofHeld(place));
  }
  for (const { item } of accounts.lanes.waiting()) {
    if (isWanted(item.record)) found.set(item.id, ofQueued(item));
  }
  const [first = 'it is no open account that this service knows', ...others] = found.values();
  return others.length > 0 ? 'several entries have this uid' : first;
}

const UNWRITTEN = 'it has an outcome, which is still to be written';

function ofHeld({ item, why }: Place<Candidate>): Candidate | string {
  if (item.ownWork?.kind === 'unwritten') return UNWRITTEN;
  return why?.condition === 'failed' || item.ownWork !== undefined ? item : 'it waits, and has not failed';
}

function ofQueued(item: Candidate): Candidate | string {
  const { ownWork, record } = item;
  if (ownWork?.kind === 'unwritten') return UNWRITTEN;
  return isInWork(record) ? item : `it asks for ${record.mode}, which has not begun`;
}
