import type { Presence } from '../../src/domain/presence.ts';

/**
 * The services, as the list of their presence entries shows them. A service is
 *
 *   living    from the first reading of its entry, or a change of its value
 *   dead      its value has not changed for the duration that it states, by this service's clock
 *   unknown   its entry says that it is gone, or is missing
 */
export interface Presences {
  /** The entries have been listed since the connection was opened. */
  readonly listed: boolean;
  readonly byHolder: ReadonlyMap<string, Watched>;
}

interface Watched {
  readonly presence: Presence;
  /** When the value was first seen, by the monotonic clock. */
  readonly since: number;
  readonly living: boolean;
  /** How often the value has changed since this service's connection was opened. */
  readonly changes: number;
}

/**
 * A service renews its own presence and lists all this often. So two services on two masters know
 * of each other within 5 s.
 */
export const PRESENCE_EVERY = 1_000;

/** For how long a service counts as living without a renewal. */
export const PRESENCE_DURATION = 10 * PRESENCE_EVERY;

export const NO_PRESENCES: Presences = { listed: false, byHolder: new Map() };

/** Returns what is known after a list of all presences. */
export function seePresences(before: Presences, list: readonly Presence[], now: number): Presences {
  const watch = (presence: Presence): Watched => {
    const known = before.byHolder.get(presence.holder);
    if (known?.presence.text === presence.text) {
      return { ...known, presence, living: now < known.since + presence.duration };
    }
    const changes = known === undefined && !before.listed ? 0 : (known?.changes ?? 0) + 1;
    return { presence, since: now, living: true, changes };
  };
  return { listed: true, byHolder: new Map(list.map((presence) => [presence.holder, watch(presence)])) };
}

/**
 * Returns what is known on a new connection. It may lead to another server, so changes are counted
 * from 0.
 */
export function reconnected({ byHolder }: Presences): Presences {
  const unchanged = [...byHolder].map(([holder, watched]) => [holder, { ...watched, changes: 0 }] as const);
  return { listed: false, byHolder: new Map(unchanged) };
}

/** The holders that are running, this service's own included, in order. */
export function livingHolders({ byHolder }: Presences, own: string): readonly string[] {
  const others = [...byHolder.values()].filter(({ living }) => living).map(({ presence }) => presence.holder);
  return [...new Set([own, ...others])].sort();
}

/** Which servers take the writes of the living services. */
export interface Masters {
  /** More than one: two masters, between which no compare-and-swap holds. */
  readonly serverIds: readonly string[];
  /** Only the services on the first of several masters claim, until all are on one again. */
  readonly mayClaim: boolean;
}

/**
 * Compares the server that takes the own writes with those of the others. Another service counts
 * when its presence has changed twice on this connection: then its writes really go to that server.
 * After a virtual address has moved, earlier writes may still arrive by replication.
 */
export function mastersOf({ byHolder }: Presences, ownHolder: string, ownServerId: string | undefined): Masters {
  const others = [...byHolder.values()]
    .filter(({ living, changes, presence }) => living && changes > 1 && presence.holder !== ownHolder)
    .map(({ presence }) => presence.serverId);
  const serverIds = [...new Set([ownServerId, ...others])].filter((id) => id !== undefined).sort();
  return { serverIds, mayClaim: serverIds.length < 2 || serverIds[0] === ownServerId };
}
