import { readHolder } from '../domain/lease.ts';
import type { HolderHost } from '../lock/holder-lock.ts';

/** Where a holder runs, seen from this host. */
export function placeOfHolder(word: string, here: HolderHost): string {
  const holder = readHolder(word);
  if (holder === undefined) return 'a holder of another version of the service';
  const isName = holder.installation === here.installation.toLowerCase();
  const isBoot = holder.boot === here.boot.toLowerCase();
  if (isName && isBoot) return 'a service on this host';
  if (isBoot) return `a service in ${holder.installation}, which runs on this machine`;
  return isName
    ? 'a service on this host before its last boot, or a host of the same name'
    : 'a service on another host';
}
