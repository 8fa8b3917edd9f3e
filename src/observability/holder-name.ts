import { readHolder } from '../domain/lease.ts';

/** A holder for people: `web1 (lock 25:7)`. */
export function holderName(word: string): string {
  const holder = readHolder(word);
  return holder === undefined ? word : `${holder.installation} (lock ${holder.lock})`;
}
