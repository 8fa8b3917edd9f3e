import { shortageIn } from '../host/shortage.ts';
import { runGetent } from './getent.ts';

const TIMEOUT = 5_000;

/**
 * The number of a group of this host, by its name or number. undefined: the host has no such group,
 * or its user database does not answer.
 */
export async function groupNumber(group: string): Promise<number | undefined> {
  const { signal } = new AbortController();
  const result = await runGetent('group', [group], { timeoutMilliseconds: TIMEOUT, signal }).catch((error: unknown) => {
    if (shortageIn(error) === undefined) throw error;
    return { output: '' };
  });
  const number = /^[^:]*:[^:]*:(\d+):/.exec(result.output)?.[1];
  return number === undefined ? undefined : Number(number);
}
