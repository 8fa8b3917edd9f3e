import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODES } from '../../src/domain/mode.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import type { ProxyConnection } from '../support/proxy.ts';
import { startWorld, type World } from './world.ts';

/** Requests work on one new account per mode. Resolves to the requests. */
async function askAll(world: World) {
  const asked = [];
  for (const mode of MODES) {
    const uid = await world.account();
    await world.ask(uid, mode);
    asked.push({ uid, mode });
  }
  return asked;
}

async function allFinished(world: World, asked: Awaited<ReturnType<typeof askAll>>, runs = 1): Promise<void> {
  for (const { uid, mode } of asked) {
    await world.finished(uid, mode);
    expect(world.script.starts(uid).length, world.tell(uid)).toBeLessThanOrEqual(runs);
  }
  expect(world.script.overlaps()).toEqual([]);
}

/** Faults from which a connection does not recover. The service must notice and open a new one. */
const BREAKS: ReadonlyArray<{ readonly name: string; readonly apply: (connection: ProxyConnection) => void }> = [
  { name: 'is reset', apply: (connection) => connection.reset() },
  { name: 'is closed', apply: (connection) => connection.close() },
  {
    name: 'carries nothing any more to the server',
    apply: ({ up }) => up.stall(),
  },
  {
    name: 'carries nothing any more from the server',
    apply: ({ down }) => down.stall(),
  },
  {
    name: 'takes everything and delivers nothing',
    apply: ({ up, down }) => {
      up.swallow();
      down.swallow();
    },
  },
  { name: 'is cut in the middle of an answer', apply: ({ down }) => down.cutAfter(20, 'close') },
  { name: 'is reset in the middle of a request', apply: ({ up }) => up.cutAfter(20, 'reset') },
];

/** Faults that slow a connection and do not break it. */
const BURDENS: ReadonlyArray<{ readonly name: string; readonly apply: (connection: ProxyConnection) => void }> = [
  {
    name: 'deliver single bytes',
    apply: ({ up, down }) => {
      up.dribble(0);
      down.dribble(0);
    },
  },
  {
    name: 'deliver late',
    apply: ({ up, down }) => {
      up.delay(50);
      down.delay(50);
    },
  },
];

describe('a network that breaks connections', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  it.each(BREAKS)('loses nothing where each connection $name', async ({ apply }) => {
    await world.heal();
    await world.connected();
    for (const connection of world.proxy.open) apply(connection);
    await allFinished(world, await askAll(world));
  });

  it.each(BREAKS)('loses nothing where each connection $name while scripts run', async ({ apply }) => {
    await world.heal();
    await world.connected();
    const uids = await Promise.all(MODES.map(() => world.account()));
    for (const [index, mode] of MODES.entries()) {
      await world.script.hold(uids[index]!);
      await world.ask(uids[index]!, mode);
    }
    for (const uid of uids) await world.script.started(uid);
    for (const connection of world.proxy.open) apply(connection);
    for (const uid of uids) await world.script.release(uid);
    await allFinished(
      world,
      MODES.map((mode, index) => ({ uid: uids[index]!, mode })),
    );
  });

  it.each([0, 1])('finds a silence out once, where number %i of its connections falls silent', async (n) => {
    // Without the list, which finds the accounts on the other connection.
    const alone = await startWorld({ settings: { reconcile: { interval: '1m' } } });
    try {
      await alone.connected();
      const connection = alone.proxy.open[n];
      connection?.up.swallow();
      connection?.down.swallow();
      const asked = await askAll(alone);
      await allFinished(alone, asked);
      await alone.connected();
      expect(alone.service.output.match(/^\S+ +disconnected /gm)).toHaveLength(1);
      expect(alone.proxy.connections).toHaveLength(4);
    } finally {
      await alone.stop();
    }
  });

  it.each(BURDENS)('loses nothing where connections $name', async ({ apply }) => {
    await world.heal();
    const end = world.proxy.onConnection(apply);
    for (const connection of world.proxy.open) connection.reset();
    await allFinished(world, await askAll(world));
    end();
  });

  it('loses nothing where entries of a refresh arrive in part', async () => {
    await world.heal();
    await world.proxy.refuse();
    for (const connection of world.proxy.open) connection.reset();
    const asked = [...(await askAll(world)), ...(await askAll(world))];
    const second = world.proxy.hold('down', 'searchEntry', 2);
    await world.proxy.accept();
    (await second).cut(15, 'close');
    await allFinished(world, asked);
  });

  it('survives damaged answers, and finishes everything once they end', async () => {
    await world.heal();
    const asked = [];
    for (let round = 0; round < 8; round += 1) {
      await world.connected();
      for (const [index, { down }] of world.proxy.open.entries()) down.flip(round * 7 + index * 3, 1 << (round % 8));
      asked.push(...(await askAll(world)));
    }
    for (const connection of world.proxy.open) connection.reset();
    for (const { uid, mode } of asked) await world.finished(uid, mode);
    expect(world.service.output.match(/^--- started/gm)).toHaveLength(1);
  });
});

describe('an encrypted connection', () => {
  let certificates: Certificates;
  let world: World;
  beforeAll(async () => {
    certificates = await makeCertificates();
    world = await startWorld({ certificates });
  });
  afterAll(async () => {
    await world?.stop();
    await certificates.remove();
  });

  it.each(['up', 'down'] as const)(
    'is given up where bytes are changed on their way %s, and nothing is lost',
    async (direction) => {
      await world.heal();
      for (let round = 0; round < 3; round += 1) {
        await world.connected();
        for (const connection of world.proxy.open) connection[direction].flip(5 + round * 11);
        await allFinished(world, await askAll(world));
      }
    },
  );
});
