import type { AccountRecord, AccountRules } from '../../src/domain/account.ts';
import { isNumeric } from '../../src/domain/uid.ts';
import { Shortage } from '../../src/host/shortage.ts';
import { describeCommand } from '../../src/script/command.ts';
import { type Getent, NOT_FOUND, runGetent } from '../../src/script/getent.ts';
import { readPasswdLine, type UserLookup } from './user-lookup.ts';

export interface HostUsersOptions {
  readonly rules: Pick<AccountRules, 'lowestUidNumber'>;
  /** Aborted when the service must stop at once. */
  readonly signal: AbortSignal;
  readonly getent?: Getent;
}

/**
 * Resolves to the reason why root must not work for an account, by what this host knows of its
 * user; undefined if there is none. Rejects when the service stops.
 */
export type Objection = (record: Pick<AccountRecord, 'uid' | 'uidNumber'>) => Promise<string | undefined>;

const TIMEOUT = 10_000;
/** The most names in one question. Their lines fit into what is kept of a command's output. */
const MOST_NAMES = 32;
/** The size of the output that is kept. An answer of that size may be cut off. */
const CUT_OFF_BYTES = 16 * 1024;

/**
 * Looks accounts up in the host's user database (NSS). An account is refused if its uid is the name
 * of a system user, or of a user with another number than the entry's. A name that the host does
 * not know passes. A uid that is a number passes, too: getent would take it for a user number, and
 * the user number of the entry has been judged already.
 */
export function hostObjection({ rules, signal, getent = runGetent }: HostUsersOptions): Objection {
  const lookUp = batched((names) => askFor(names, getent, signal));
  return async ({ uid, uidNumber }) => {
    if (isNumeric(uid)) return undefined;
    const lookup = await lookUp(uid);
    signal.throwIfAborted();
    if (lookup.kind === 'missing') return undefined;
    if (lookup.kind === 'failed') return `this host cannot say who ${uid} is: ${lookup.reason}`;
    const known = `this host knows ${uid} by the number ${lookup.user.uidNumber}`;
    if (!(Number(lookup.user.uidNumber) >= rules.lowestUidNumber)) {
      return `${known}, which belongs to a system user: it is below accounts.lowestUidNumber (${rules.lowestUidNumber})`;
    }
    return uidNumber === undefined || uidNumber === lookup.user.uidNumber
      ? undefined
      : `${known}, but the entry says ${uidNumber}: make the two agree`;
  };
}

/**
 * Asks one question at a time. Names that arrive meanwhile are combined in the next question, so
 * that a burst causes few questions.
 */
function batched(ask: (names: readonly string[]) => Promise<(name: string) => UserLookup>) {
  const waiting = new Map<string, Array<(lookup: UserLookup) => void>>();
  let asking = false;
  const next = async (): Promise<void> => {
    asking = true;
    while (waiting.size > 0) {
      const batch = [...waiting].slice(0, MOST_NAMES);
      for (const [name] of batch) waiting.delete(name);
      const answer = await ask(batch.map(([name]) => name));
      for (const [name, resolvers] of batch) for (const resolve of resolvers) resolve(answer(name));
    }
    asking = false;
  };
  return (name: string): Promise<UserLookup> =>
    new Promise((resolve) => {
      waiting.set(name, [...(waiting.get(name) ?? []), resolve]);
      if (!asking) void next();
    });
}

async function askFor(
  names: readonly string[],
  getent: Getent,
  signal: AbortSignal,
): Promise<(name: string) => UserLookup> {
  const asked = getent('passwd', names, { timeoutMilliseconds: TIMEOUT, killGraceMilliseconds: 1_000, signal });
  const result = await asked.catch(shortageOf);
  if (result instanceof Shortage) return () => ({ kind: 'failed', reason: `${result.message}; ${result.remedy}` });
  const isAnswer = result.kind === 'exited' && (result.exitCode === 0 || result.exitCode === NOT_FOUND);
  if (!isAnswer || Buffer.byteLength(result.output) >= CUT_OFF_BYTES) {
    const reason = isAnswer ? 'the output of getent is too long' : describeCommand(['getent'], result);
    return () => ({ kind: 'failed', reason });
  }
  const users = new Map(result.output.split('\n').map((line) => [readPasswdLine(line).name, readPasswdLine(line)]));
  return (name) => {
    const user = users.get(name);
    return user === undefined ? { kind: 'missing' } : { kind: 'found', user };
  };
}

function shortageOf(error: unknown): Shortage {
  if (error instanceof Shortage) return error;
  throw error;
}
