import type { AccountRecord } from './account.ts';

/**
 * Fencing: the directory itself refuses a request that arrives after the claim that it belongs to has been replaced.
 *
 * Every claim, resume and take-over makes something new, and the outcome names it. So an outcome that is executed late (a service
 * that was suspended, a request whose answer was lost) never matches the claim that stands by then. There are two ways:
 *
 * - `version`: the entryCSN that the claim's own write made, asserted by the Assertion control (RFC 4528). The claim in turn
 *   asserts the version that it was decided on.
 * - `token`: a day between 1000-01-01 and 1999-12-31, which stands in the date while the account is in work: past by every
 *   clock, and valid for every schema. For servers without that control, such as 389 Directory Server.
 *
 * An entry that has neither a version nor a date has no fence: there compare-and-swap of mode and state is all there is.
 */
export type Fencing = 'version' | 'token';

/**
 * What a request names so that it is refused when it comes late: of a claim the version that it was decided on, or the token that
 * it writes; of an outcome the version that its claim made, or the token that stands.
 */
export type Fence =
  | { readonly by: 'version'; readonly entryCSN: string }
  /** `restored`: the day that stood before, which a failure puts back. */
  | { readonly by: 'token'; readonly token: string; readonly restored: string }
  | { readonly by: 'nothing' };

/** How many days the tokens have to choose from. */
export const TOKEN_DAYS = 365_242;

const FIRST_TOKEN_DAY = Date.UTC(1000, 0, 1);
const DAY = 86_400_000;

/** The token day with a number from 0 to `TOKEN_DAYS` - 1, as `YYYYMMDD`. */
export function tokenDay(number: number): string {
  return new Date(FIRST_TOKEN_DAY + number * DAY).toISOString().slice(0, 10).replaceAll('-', '');
}

/** Whether a date holds a token, and not a day that somebody asked for. */
export function isTokenDay(day: string): boolean {
  return /^1\d{7}$/.test(day);
}

/** The fence of a claim that is decided on the account as `record` shows it. */
export function claimFence(record: AccountRecord, fencing: Fencing, token: string): Fence {
  const { entryCSN, date } = record;
  if (fencing === 'version' && entryCSN !== undefined) return { by: 'version', entryCSN };
  if (date === undefined) return { by: 'nothing' };
  return { by: 'token', token, restored: isTokenDay(date.value) ? '0' : date.value };
}

/** The fence of the outcome, from that of the claim and the entry as the claim left it. */
export function outcomeFence(claim: Fence, after: AccountRecord): Fence {
  if (claim.by !== 'version') return claim;
  return after.entryCSN === undefined ? { by: 'nothing' } : { by: 'version', entryCSN: after.entryCSN };
}

/** The fence that stands on an account in work: the one that its claim made, as far as the entry shows it. */
export function standingFence({ entryCSN, date }: AccountRecord, fencing: Fencing): Fence {
  if (fencing === 'version' && entryCSN !== undefined) return { by: 'version', entryCSN };
  if (date === undefined || !isTokenDay(date.value)) return { by: 'nothing' };
  return { by: 'token', token: date.value, restored: '0' };
}

/** The version to assert; undefined where the fence is none, or stands in the modifications. */
export function versionOfFence(fence: Fence): string | undefined {
  return fence.by === 'version' ? fence.entryCSN : undefined;
}
