import { type Observable, Subscription } from 'rxjs';
import type { Settings } from '../../config/schema.ts';
import { Gate } from '../../streams/gate.ts';
import type { ProtocolName } from '../domain/change.ts';
import type { Report } from '../domain/event.ts';
import type { SwitchReading } from '../domain/switch.ts';
import type { DirectoryOperations } from '../ldap/operations.ts';
import { obeyBrake } from './obey-brake.ts';
import { obeySwitch } from './obey-switch.ts';

interface GateOptions {
  readonly settings: Settings;
  readonly report: Report;
  /** Called with a sentence about a fault of the service itself. */
  readonly notice: (message: string) => void;
}

interface Observed {
  readonly operations: DirectoryOperations;
  readonly protocol$: Observable<ProtocolName | undefined>;
  readonly switch$: Observable<SwitchReading>;
}

const now = (): number => Date.now();

/** Creates the gate of the service, with its brake. */
export function createGate({ settings: { brake }, report }: Pick<GateOptions, 'settings' | 'report'>): Gate {
  const { deletes, within } = brake;
  return new Gate(report, now, deletes === null ? undefined : { deletes, within });
}

/** Lets the switch and the brake control the gate, until the subscription ends. */
export function obey(
  { settings, notice }: GateOptions,
  gate: Gate,
  { operations, protocol$, switch$ }: Observed,
): Subscription {
  const obeying = new Subscription();
  obeying.add(obeySwitch({ place: settings.switch, gate, notice }, switch$));
  obeying.add(obeyBrake({ settings, operations, gate, notice, now }, protocol$));
  return obeying;
}

/** Whether the service is paused for all accounts. */
export function isAllPaused(gate: Gate): boolean {
  return gate.pauses().some(({ holds }) => holds === 'everything');
}
