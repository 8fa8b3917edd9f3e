import { readHolder } from '../domain/lease.ts';

/** The name of a holder in messages: `web1 (lock 25:7)`. */
export function holderName(word: string): string {
  const holder = readHolder(word);
  return holder === undefined ? word : `${holder.installation} (lock ${holder.lock})`;
}
