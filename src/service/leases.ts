import { uptime } from 'node:os';
import type { Settings } from '../../config/schema.ts';
import { LeaseKeeper } from '../../streams/leases/lease-keeper.ts';
import { PresenceKeeper } from '../../streams/leases/presence-keeper.ts';
import { type Holder, holderWord } from '../domain/lease.ts';
import { presenceName } from '../domain/presence.ts';
import { leaseStore } from '../ldap/lease-store.ts';
import type { DirectoryOperations } from '../ldap/operations.ts';
import type { ServiceLifecycle } from './lifecycle.ts';

interface LeaseOptions {
  readonly settings: Settings;
  /** The holder as which this service takes leases; undefined if it needs none. */
  readonly holder?: Holder | undefined;
  readonly dryRun: boolean;
  /** Called with a sentence about a fault of the service itself. */
  readonly notice: (message: string) => void;
}

/** Creates the leases of this service. With `instances: one` there are none. */
export function createLeases(
  { settings, holder, dryRun, notice }: LeaseOptions,
  operations: DirectoryOperations,
  { drain$ }: ServiceLifecycle,
  newTurn: () => string,
) {
  const { leases, script } = settings;
  if (holder === undefined || leases.base === null || dryRun) return undefined;
  const common = {
    directory: leaseStore(operations, leases.base),
    holder: holderWord(holder),
    now: () => uptime() * 1_000,
    newTurn,
  };
  const presence = new PresenceKeeper({ ...common, name: presenceName(holder), notice });
  const keeper = new LeaseKeeper({ ...common, duration: leases.duration, killGrace: script.killGrace, presence });
  drain$.subscribe(() => keeper.drain());
  return {
    keeper,
    connected: () => presence.connected(),
  };
}
