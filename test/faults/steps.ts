import type { Mode } from '../../src/domain/mode.ts';
import type { HeldMessage } from '../support/proxy.ts';
import type { World } from './world.ts';

type Reach = (world: World, uid: string, mode: Mode, strike: () => Promise<void>) => Promise<void>;

/** A moment of a request at which a fault occurs. */
export interface Moment {
  readonly name: string;
  /** Writes the request, waits for the moment, calls `strike`, and releases what it held. */
  readonly reach: Reach;
  /**
   * The number of runs that the script may have at the end if the service is killed at this moment.
   */
  readonly runsIfServiceDies: number;
}

function atMessage(
  direction: 'up' | 'down',
  nth: number,
  letGo: (held: HeldMessage) => void = (held) => held.drop(),
): Reach {
  return async (world, uid, mode, strike) => {
    const message = world.proxy.hold(direction, direction === 'up' ? 'modifyRequest' : 'modifyResponse', nth);
    await world.ask(uid, mode);
    const held = await message;
    await strike();
    letGo(held);
  };
}

const forward = (held: HeldMessage) => held.forward();

async function inTheScript(...[world, uid, mode, strike]: Parameters<Reach>): Promise<void> {
  await world.script.hold(uid);
  await world.ask(uid, mode);
  await world.script.started(uid);
  await strike();
  await world.script.release(uid);
}

/** Moments at which another client writes, while all connections work. */
export const QUIET_MOMENTS: ReadonlyArray<{ readonly name: string; readonly reach: Reach }> = [
  { name: 'before the claim', reach: atMessage('up', 1, forward) },
  { name: 'after the claim', reach: atMessage('down', 1, forward) },
  { name: 'in the script', reach: inTheScript },
  { name: 'before the outcome is written', reach: atMessage('up', 2, forward) },
  { name: 'after the outcome is written', reach: atMessage('down', 2, forward) },
];

/**
 * Moments at which something ends. The service writes twice for each account: the claim and the
 * outcome.
 */
export const MOMENTS: readonly Moment[] = [
  { name: 'before the claim', runsIfServiceDies: 1, reach: atMessage('up', 1) },
  {
    name: 'before a claim that arrives all the same, and late',
    runsIfServiceDies: 1,
    reach: atMessage('up', 1, forward),
  },
  { name: 'after the claim', runsIfServiceDies: 1, reach: atMessage('down', 1) },
  {
    name: 'in the script',
    runsIfServiceDies: 2,
    reach: inTheScript,
  },
  { name: 'after the script, before the outcome is written', runsIfServiceDies: 2, reach: atMessage('up', 2) },
  {
    name: 'before an outcome that arrives all the same, and late',
    runsIfServiceDies: 2,
    reach: atMessage('up', 2, forward),
  },
  { name: 'after the outcome is written', runsIfServiceDies: 1, reach: atMessage('down', 2) },
];
