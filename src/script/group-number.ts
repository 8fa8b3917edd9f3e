import { shortageIn } from '../host/shortage.ts';
import { runGetent } from './getent.ts';

const TIMEOUT = 5_000;

/**
 * The number of a group of this host, by its name or number; undefined if the host knows none, or
 * cannot say.
 */
export async function groupNumber(group: string): Promise<number | undefined> {
  const { signal } = new AbortController();
  const found = await runGetent('group', [group], { timeoutMilliseconds: TIMEOUT, signal }).catch((error: unknown) => {
    if (shortageIn(error) === undefined) throw error;
    return { output: '' };
  });
  const number = /^[^:]*:[^:]*:(\d+):/.exec(found.output)?.[1];
  return number === undefined ? undefined : Number(number);
}
