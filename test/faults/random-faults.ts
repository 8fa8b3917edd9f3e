import { MODES, type Mode } from '../../src/domain/mode.ts';
import type { ProxyConnection } from '../support/proxy.ts';
import type { World } from './world.ts';

/**
 * A generator of numbers from 0 up to 1 (exclusive). The same seed gives the same numbers
 * (mulberry32).
 */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A request for an account, to compare with its outcome. */
interface Asked {
  readonly mode: Mode;
  /**
   * The number of lines of the script's journal before the request. Its run must come after them.
   */
  readonly after: number;
}

export interface SequenceOptions {
  readonly seed: number;
  readonly count: number;
}

/** The actions and the requests of a sequence. */
export interface Sequence {
  /** The actions in order, to analyse a failure. */
  readonly said: string[];
  readonly asked: Map<string, Asked[]>;
  serviceDeaths: number;
}

type Action = readonly [weight: number, run: () => Promise<string> | string];

/** Performs `count` random actions: requests, and faults of every part. `heal` ends the faults. */
export async function runSequence(
  world: World,
  uids: readonly string[],
  { seed, count }: SequenceOptions,
): Promise<Sequence> {
  const chance = new Chance(seed);
  const sequence: Sequence = { said: [], asked: new Map(), serviceDeaths: 0 };
  const ask = asking(world, uids, chance, sequence);
  const actions: readonly Action[] = [
    [12, ask],
    ...scriptActions(world, uids, chance),
    ...connectionActions(world, chance),
    ...processActions(world, chance, sequence),
  ];

  const bag = actions.flatMap(([weight, run]) => Array.from({ length: weight }, () => run));
  for (let index = 0; index < count; index += 1) {
    const run = chance.one(bag) ?? ask;
    sequence.said.push(await run());
    // The pause only varies which actions coincide. Nothing depends on its length.
    const pause = chance.below(4) === 0 ? chance.below(200) : chance.below(15);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return sequence;
}

/** The random choices of a sequence. */
class Chance {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  one<T>(list: readonly T[]): T | undefined {
    return list[this.below(list.length)];
  }
}

function asking(world: World, uids: readonly string[], chance: Chance, { asked }: Sequence): () => Promise<string> {
  return async () => {
    const uid = chance.one(uids) ?? '';
    const mode = chance.one(MODES) ?? 'add';
    const after = world.script.journal().length;
    for (let tries = 1; ; tries += 1) {
      asked.set(uid, [...(asked.get(uid) ?? []), { mode, after }]);
      try {
        await world.ask(uid, mode);
        return `asked ${mode} of ${uid}`;
      } catch (error) {
        // An earlier failure is that of the connection before a restart.
        if (tries === 5) throw error;
      }
    }
  };
}

function scriptActions(world: World, uids: readonly string[], chance: Chance): readonly Action[] {
  const holdOrRelease = async (): Promise<string> => {
    const uid = chance.one(uids) ?? '';
    const held = world.script.isHeld(uid);
    await (held ? world.script.release(uid) : world.script.hold(uid));
    return `${held ? 'released' : 'held'} the script of ${uid}`;
  };
  return [[2, holdOrRelease]];
}

function connectionActions(world: World, chance: Chance): readonly Action[] {
  const onConnection = (name: string, act: (connection: ProxyConnection) => void) => (): string => {
    const connection = chance.one(world.proxy.open);
    if (connection === undefined) return `${name}: nobody is connected`;
    act(connection);
    return `${name} connection ${world.proxy.connections.indexOf(connection)}`;
  };
  const cut = (channel: ProxyConnection['up']): void =>
    channel.cutAfter(1 + chance.below(300), chance.one(['close', 'reset'] as const) ?? 'close');
  const refuseOrAccept = async (): Promise<string> => {
    if (chance.below(2) === 0) await world.proxy.refuse();
    else await world.proxy.accept();
    return 'refused or accepted connections';
  };
  return [
    [1, onConnection('reset', (connection) => connection.reset())],
    [1, onConnection('closed', (connection) => connection.close())],
    [1, onConnection('stalled up', ({ up }) => up.stall())],
    [1, onConnection('stalled down', ({ down }) => down.stall())],
    [1, onConnection('swallowed up', ({ up }) => up.swallow())],
    [1, onConnection('swallowed down', ({ down }) => down.swallow())],
    [1, onConnection('cut up', ({ up }) => cut(up))],
    [1, onConnection('cut down', ({ down }) => cut(down))],
    [1, onConnection('dribbled', ({ up, down }) => [up, down].map((channel) => channel.dribble(0)))],
    [1, onConnection('delayed', ({ up, down }) => [up, down].map((channel) => channel.delay(chance.below(40))))],
    [1, refuseOrAccept],
  ];
}

function processActions(world: World, chance: Chance, sequence: Sequence): readonly Action[] {
  const killService = async (): Promise<string> => {
    sequence.serviceDeaths += 1;
    const service = chance.one(world.services) ?? world.service;
    await service.kill9();
    service.start();
    if (chance.below(3) === 0) return 'killed the service';
    await world.proxy.accept();
    await world.connected();
    return 'killed the service, and the next one is connected';
  };
  const killDirectory = async (): Promise<string> => {
    await world.slapd.kill9();
    await world.slapd.start();
    return 'killed the directory';
  };
  const restartDirectory = async (): Promise<string> => {
    await world.slapd.restart();
    return 'restarted the directory';
  };
  return [
    [1, killService],
    [1, killDirectory],
    [1, restartDirectory],
  ];
}
