import type { LeaseTally } from '../../src/domain/lease-status.ts';
import type { LeaseStep, Taking } from './lease-state.ts';

export const NOTHING_YET: LeaseTally = { taken: 0, takenOver: 0, renewed: 0, refused: 0, lost: 0 };

/** Counts a step of the state machine of a lease. `holder`: this service. */
export function tallyStep(tally: LeaseTally, step: LeaseStep, holder: string): LeaseTally {
  const { before, input, after } = step;
  if (input.got === 'refused') return { ...tally, refused: tally.refused + 1 };
  if (after.at === 'lost' && before.at !== 'lost') return { ...tally, lost: tally.lost + 1 };
  if (isRenewal(step)) return { ...tally, renewed: tally.renewed + 1 };
  // A lease that is no longer needed is given up as soon as it is taken.
  if (before.at !== 'taking' || (after.at !== 'held' && after.at !== 'releasing')) return tally;
  const takenOver = tally.takenOver + (isAnothers(before, holder) ? 1 : 0);
  return { ...tally, taken: tally.taken + 1, takenOver };
}

function isRenewal({ before, input, after }: LeaseStep): boolean {
  if (before.at === 'releasing') return before.doing === 'renewing' && input.got === 'done';
  return before.at === 'held' && after.at === 'held' && before.lease.text !== after.lease.text;
}

function isAnothers({ seen: { lease } }: Taking, holder: string): boolean {
  return (lease.is === 'held' || lease.is === 'paused') && lease.holder !== holder;
}
