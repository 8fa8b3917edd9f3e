import { type Account, CONDITION_WORDS } from './account.ts';
import { age } from './headline.ts';

/** Describes the condition of an account: since when, and why. */
export function accountWords({ condition, since, reason, isStuck }: Account, now: number): string {
  const goesOn = condition === 'inWork' || condition === 'queued';
  const when = since === 0 ? '' : ` ${age(now, since)}${goesOn ? '' : ' ago'}`;
  return `${isStuck ? 'STUCK ' : ''}${CONDITION_WORDS[condition]}${when}${reason === '' ? '' : `: ${reason}`}`;
}
