import type { LeaseDirectory } from '../../src/domain/directory.ts';
import { LeaseKeeper } from '../../streams/leases/lease-keeper.ts';

/** In milliseconds. */
export const LEASE = { duration: 18_000, killGrace: 1_000 };

/** Makes turns unique among the services of a test. */
let turns = 0;

/** The leases of a stage, whose requests go through `request`. */
export function stageLeases(
  holder: string,
  client: LeaseDirectory,
  request: <T>(answer: () => Promise<T>) => Promise<T>,
): LeaseKeeper {
  return new LeaseKeeper({
    directory: {
      add: (...what) => request(() => client.add(...what)),
      swap: (...what) => request(() => client.swap(...what)),
      read: (name) => request(() => client.read(name)),
      list: (names) => request(() => client.list(names)),
    },
    holder,
    ...LEASE,
    now: () => Date.now(),
    newTurn: () => `turn-${++turns}`,
  });
}
