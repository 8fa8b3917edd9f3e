import { isNumeric, isUidNumber } from '../../src/domain/uid.ts';
import { describeCommand, endsWithin } from '../../src/script/command.ts';
import { type Getent, NOT_FOUND } from '../../src/script/getent.ts';

/** A line of the passwd database. */
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
/** For how long a look-up may go on that has been told to stop, or whose time is up. */
export const LOOK_UP_GRACE = endsWithin(KILL_GRACE);

/**
 * Asks NSS for a user. getent takes a name that consists of digits for a number, so such a user is asked for by its
 * uidNumber, and the name that comes back must be the one that was meant.
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
/** The longest time that `lookUpId` may take. */
export const LOOK_UP_ID = ID_TIMEOUT + endsWithin(KILL_GRACE);

/**
 * The number of a user or group that the configuration names; a number stands for itself, null is -1 (leave as it is).
 * Undefined where NSS does not know it.
 */
export async function lookUpId(
  database: 'passwd' | 'group',
  name: string | null,
  getent: Getent,
  signal: AbortSignal,
): Promise<number | undefined> {
  if (name === null) return -1;
  if (isUidNumber(name)) return Number(name);
  if (name.startsWith('-')) return undefined; // getent would read it as an option
  const limits = { timeoutMilliseconds: ID_TIMEOUT, killGraceMilliseconds: KILL_GRACE, signal };
  const result = await getent(database, [name], limits);
  if (result.kind !== 'exited' || result.exitCode !== 0) return undefined;
  const number = result.output.split(':')[2] ?? '';
  return isUidNumber(number) ? Number(number) : undefined;
}
