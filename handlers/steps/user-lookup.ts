import { isNumeric, isUidNumber } from '../../src/domain/uid.ts';
import { describeCommand, endsWithin } from '../../src/script/command.ts';
import { type Getent, NOT_FOUND } from '../../src/script/getent.ts';

/** A user, as a line of the passwd database describes it. */
export interface SystemUser {
  readonly name: string;
  readonly uidNumber: string;
  readonly home: string;
}

export type UserLookup =
  | { readonly kind: 'found'; readonly user: SystemUser }
  | { readonly kind: 'missing' }
  | { readonly kind: 'failed'; readonly reason: string };

const KILL_GRACE = 1_000;
/** The longest time in milliseconds that a lookup takes to end after its time limit or an abort. */
export const LOOK_UP_GRACE = endsWithin(KILL_GRACE);

/**
 * Looks a user up in NSS. getent takes a name that consists of digits for a number. Such a user is
 * looked up by its uidNumber, and is found only if the name in the answer is the uid.
 */
export async function lookUpUser(
  uid: string,
  uidNumber: string | undefined,
  getent: Getent,
  limits: { readonly timeoutMilliseconds: number; readonly signal: AbortSignal },
): Promise<UserLookup> {
  const key = isNumeric(uid) && uidNumber !== undefined && isUidNumber(uidNumber) ? uidNumber : uid;
  const result = await getent('passwd', [key], { ...limits, killGraceMilliseconds: KILL_GRACE });
  if (result.kind === 'exited' && result.exitCode === NOT_FOUND) return { kind: 'missing' };
  if (result.kind !== 'exited' || result.exitCode !== 0) {
    return { kind: 'failed', reason: describeCommand(['getent'], result) };
  }
  const user = readPasswdLine(result.output.split('\n')[0] ?? '');
  return user.name === uid ? { kind: 'found', user } : { kind: 'missing' };
}

export function readPasswdLine(line: string): SystemUser {
  const [name = '', , uidNumber = '', , , home = ''] = line.split(':');
  return { name, uidNumber, home };
}

const ID_TIMEOUT = 10_000;
/** The longest time that `lookUpId` takes, in milliseconds. */
export const LOOK_UP_ID = ID_TIMEOUT + endsWithin(KILL_GRACE);

/**
 * Returns the number of a user or group that the configuration names; undefined if NSS does not
 * know it. A number is returned as it is; null yields -1 (leave the owner unchanged).
 */
export async function lookUpId(
  database: 'passwd' | 'group',
  name: string | null,
  getent: Getent,
  signal: AbortSignal,
): Promise<number | undefined> {
  if (name === null) return -1;
  if (isUidNumber(name)) return Number(name);
  if (name.startsWith('-')) return undefined; // getent would take it for an option
  const limits = { timeoutMilliseconds: ID_TIMEOUT, killGraceMilliseconds: KILL_GRACE, signal };
  const result = await getent(database, [name], limits);
  if (result.kind !== 'exited' || result.exitCode !== 0) return undefined;
  const number = result.output.split(':')[2] ?? '';
  return isUidNumber(number) ? Number(number) : undefined;
}
