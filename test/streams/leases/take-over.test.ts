import { describe, expect, it } from 'vitest';
import { LeaseWorld } from '../../support/leases/lease-world.ts';

const DURATION = 60_000;
const LONG = 1_000_000;

/** Three services, of which the first one that attempts the account is at work on it. */
function atWork(watched: boolean, script = LONG) {
  const world = new LeaseWorld({
    seed: 7,
    services: 3,
    fencing: 'version',
    watched,
    durations: [DURATION],
    killGrace: 5_000,
    script: { min: script, max: script },
  });
  world.directory.request('alice');
  world.agenda.runUntil(100_000);
  const { holder } = world.scripts.at(-1)!;
  const owner = world.services.find((service) => service.holder === holder)!;
  /** The time until the next script, and who runs it. */
  const next = () => {
    const [count, from] = [world.scripts.length, world.agenda.now];
    while (world.scripts.length === count && world.agenda.now < from + 3 * DURATION) {
      world.agenda.runUntil(world.agenda.now + 10);
    }
    expect(world.broken).toBeUndefined();
    return { after: world.agenda.now - from, by: world.scripts.at(-1)!.holder };
  };
  return { world, owner, next };
}

describe.each([
  ['read', false],
  ['watched', true],
] as const)('an account in work, with leases that are %s', (_, watched) => {
  it('is taken over within the duration and 5 s when its service is dead', () => {
    const { owner, next } = atWork(watched);
    owner.kill();
    const { after, by } = next();
    expect(by).not.toBe(owner.holder);
    expect(after).toBeGreaterThan(DURATION / 2);
    expect(after).toBeLessThan(DURATION + 5_000);
  });

  it('is taken over likewise when its service is frozen, which does nothing about it when it goes on', () => {
    const { world, owner, next } = atWork(watched);
    owner.freeze();
    expect(next().after).toBeLessThan(DURATION + 5_000);
    owner.thaw();
    world.agenda.runUntil(world.agenda.now + DURATION);
    expect(world.broken).toBeUndefined();
    expect(world.scripts).toHaveLength(2);
  });

  it('is taken up within a second when its service has stopped', () => {
    const { world, owner, next } = atWork(watched);
    owner.drain();
    while (world.directory.leases.get('alice') !== 'left') world.agenda.runUntil(world.agenda.now + 10);
    expect(next().after).toBeLessThan(1_000);
  });

  it('is taken up at once by its own service after a restart, and not by a second one of the installation', () => {
    const { world, owner, next } = atWork(watched);
    owner.kill();
    world.start(world.twinOf(owner));
    world.agenda.runUntil(world.agenda.now + 10_000);
    expect(world.scripts).toHaveLength(1);
    world.restart(owner);
    const { after, by } = next();
    expect(by).toBe(owner.holder);
    expect(after).toBeLessThan(500);
  });
});

it('starts at once what was asked for while nobody was there', () => {
  const { world, owner } = atWork(false, 10);
  for (const service of [...world.services]) service.kill();
  world.directory.request('alice');
  world.agenda.runUntil(world.agenda.now + 1_000);
  world.restart(owner);
  world.agenda.runUntil(world.agenda.now + 500);
  expect(world.scripts.length).toBe(2);
});
