import type { AccountRecord } from './account.ts';

/**
 * Fencing: the directory itself refuses a request that arrives after its claim has been replaced.
 *
 * Every claim, resume and take-over creates a new value, and the outcome names that value. So an
 * outcome that is carried out late (by a suspended service, or after its response was lost) never
 * matches a newer claim. There are two ways:
 *
 * - `version`: the entryCSN that the claim's own write made. The Assertion control (RFC 4528)
 *   requires it. The claim in turn asserts the version on which it was decided.
 * - `token`: a day from 1000-01-01 to 1999-12-31, stored in the date while the account is in work.
 *   It is past by every clock and valid in every schema. It serves servers without that control,
 *   such as 389 Directory Server.
 *
 * An entry with neither a version nor a date has no fence. Only the compare-and-swap of mode and
 * state protects it.
 */
export type Fencing = 'version' | 'token';

/**
 * What a request names so that it is refused if it is late. A claim names the version on which it
 * was decided, or the token that it writes. An outcome names the version that its claim made, or
 * the token that the claim wrote.
 */
export type Fence =
  | { readonly by: 'version'; readonly entryCSN: string }
  /** `restored` is the day before the claim, which a failure writes back. */
  | { readonly by: 'token'; readonly token: string; readonly restored: string }
  | { readonly by: 'nothing' };

/** The number of possible tokens. */
export const TOKEN_DAYS = 365_242;

const FIRST_TOKEN_DAY = Date.UTC(1000, 0, 1);
const DAY = 86_400_000;

/** The token with a number from 0 to `TOKEN_DAYS` - 1, as `YYYYMMDD`. */
export function tokenDay(number: number): string {
  return new Date(FIRST_TOKEN_DAY + number * DAY).toISOString().slice(0, 10).replaceAll('-', '');
}

/** Whether a date is a token, and not a requested day. */
export function isTokenDay(day: string): boolean {
  return /^1\d{7}$/.test(day);
}

/** The fence of a claim that is decided on `record`. */
export function claimFence(record: AccountRecord, fencing: Fencing, token: string): Fence {
  const { entryCSN, date } = record;
  if (fencing === 'version' && entryCSN !== undefined) return { by: 'version', entryCSN };
  if (date === undefined) return { by: 'nothing' };
  return { by: 'token', token, restored: isTokenDay(date.value) ? '0' : date.value };
}

/** The fence of the outcome, from the claim's fence and the entry after the claim. */
export function outcomeFence(claim: Fence, after: AccountRecord): Fence {
  if (claim.by !== 'version') return claim;
  return after.entryCSN === undefined ? { by: 'nothing' } : { by: 'version', entryCSN: after.entryCSN };
}

/** The fence that the claim of an account in work has made, as far as the entry shows it. */
export function standingFence({ entryCSN, date }: AccountRecord, fencing: Fencing): Fence {
  if (fencing === 'version' && entryCSN !== undefined) return { by: 'version', entryCSN };
  if (date === undefined || !isTokenDay(date.value)) return { by: 'nothing' };
  return { by: 'token', token: date.value, restored: '0' };
}

/** The version to assert; undefined without a fence, or if the modifications hold a token. */
export function versionOfFence(fence: Fence): string | undefined {
  return fence.by === 'version' ? fence.entryCSN : undefined;
}
