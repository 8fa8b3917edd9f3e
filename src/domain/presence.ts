import type { Holder } from './lease.ts';

/**
 * The statement of a service that it is running, as the only value of `description` in its presence
 * entry, next to the leases:
 *
 *   present <holder> <turn> <duration>    renewed well within `duration` milliseconds
 *   gone                                  the service has stopped
 *
 * A service that has seen the value unchanged for `duration`, on its own clock, regards the other
 * service as dead.
 */
export interface Presence {
  readonly holder: string;
  readonly text: string;
  readonly duration: number;
  /**
   * The id of the server that took the last write of the entry, from its entryCSN. Undefined on
   * servers without one, such as 389 Directory Server.
   */
  readonly serverId: string | undefined;
}

export const GONE = 'gone';

/** The value of a service that is running. */
export function presentText(holder: string, turn: string, duration: number): string {
  return `present ${holder} ${turn} ${duration}`.toLowerCase();
}

/** The beginning of the cn of a presence entry. No lease has a blank in its name. */
export const PRESENCE_PREFIX = '.present ';

/** The cn of a presence entry. */
export function presenceName({ installation, lock }: Pick<Holder, 'installation' | 'lock'>): string {
  return `${PRESENCE_PREFIX}${installation} ${lock}`.toLowerCase();
}

/** Whether a cn in leases.base is that of a presence entry, and not of a lease. */
export function isPresenceName(cn: string): boolean {
  return cn.toLowerCase().startsWith(PRESENCE_PREFIX);
}

/**
 * Reads a presence entry. Undefined if no service is running: it is gone, or the entry has no
 * readable value.
 */
export function readPresence(values: readonly string[], entryCSN: string | undefined): Presence | undefined {
  const words = values[0]?.trim().toLowerCase().split(/\s+/) ?? [];
  const [is, holder, turn, duration, ...others] = words;
  if (values.length !== 1 || is !== 'present' || holder === undefined || turn === undefined) return undefined;
  if (duration === undefined || !/^\d{1,9}$/.test(duration) || others.length > 0) return undefined;
  return { holder, text: words.join(' '), duration: Number(duration), serverId: serverIdOf(entryCSN) };
}

/** The server id in an entryCSN: `time#count#serverId#modifier`. */
function serverIdOf(entryCSN: string | undefined): string | undefined {
  return entryCSN?.split('#')[2]?.toLowerCase();
}
