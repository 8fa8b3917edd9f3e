import { describe, expect, it } from 'vitest';
import { LEAST_STEP, placeOf, SpreadStep, spreadAt } from '../../../streams/leases/spread.ts';
import { Random } from '../../support/leases/agenda.ts';
import { LeaseWorld } from '../../support/leases/lease-world.ts';

const ACCOUNTS = 200;
const UIDS = Array.from({ length: ACCOUNTS }, (_, number) => `user${number}`);

/** What a write takes, in milliseconds, as measured. */
const SERVERS = { slapd: 0.24, '389-ds': 4 };

interface Site {
  readonly services: number;
  readonly server: keyof typeof SERVERS;
  readonly watched?: boolean;
  /** How long a script takes, in milliseconds. */
  readonly script?: number;
}

/** Services near their directory, with scripts that succeed. */
function siteOf({ services, server, watched = false, script = 300 }: Site): LeaseWorld {
  const world = new LeaseWorld({
    seed: services,
    services,
    watched,
    fencing: server === 'slapd' ? 'version' : 'token',
    durations: [60_000],
    killGrace: 5_000,
    script: { min: 0.7 * script, max: 1.3 * script },
  });
  const random = new Random(services);
  world.directory.travel = () => random.between(0.1, 0.6);
  world.directory.writing = SERVERS[server];
  world.launchers.calm = true;
  return world;
}

/** Asks for one account after another. Returns the median of the times to their scripts. */
function oneByOne(site: Site): number {
  const world = siteOf(site);
  const times = UIDS.map((uid) => {
    world.directory.request(uid);
    const asked = world.agenda.now;
    world.agenda.runUntil(asked + 400);
    return world.scripts.at(-1)!.at - asked;
  });
  expect(world.scripts.map(({ uid }) => uid)).toEqual(UIDS);
  expect(world.directory.wasted / ACCOUNTS).toBeLessThan(0.05);
  return times.sort((a, b) => a - b)[ACCOUNTS / 2]!;
}

const SITES = ([1, 2, 4, 8] as const).flatMap((services) =>
  (['slapd', '389-ds'] as const).flatMap((server) => [false, true].map((watched) => ({ services, server, watched }))),
);

describe('the spread of the attempts', () => {
  it.each(SITES)('costs no answers and no time if accounts come one by one: %o', (site) => {
    expect(oneByOne(site) - oneByOne({ ...site, services: 1 })).toBeLessThan(1);
  });

  it.each(SITES.flatMap((site) => [30, 300].map((script) => ({ ...site, script }))))(
    'shares 200 accounts that come at once, with few wasted answers: %o',
    (site) => {
      const world = siteOf(site);
      for (const uid of UIDS) world.directory.request(uid);
      world.agenda.runUntil(60_000);
      expect(world.openAccounts()).toEqual([]);
      expect(world.scripts.map(({ uid }) => uid).sort()).toEqual([...UIDS].sort());
      expect(world.directory.wasted / ACCOUNTS).toBeLessThan(site.services === 1 ? 0.001 : 0.2);
      const even = ACCOUNTS / site.services;
      for (const own of world.holders()) {
        const share = world.scripts.filter(({ holder }) => holder === own).length;
        expect(share / even).toBeGreaterThan(0.6);
        expect(share / even).toBeLessThan(1.4);
      }
    },
  );

  it('gives each uid one service that does not wait, whatever the others', () => {
    const holders = ['a/1/b', 'a/2/b', 'b/1/c', 'c/1/d'];
    for (const uid of UIDS) {
      const delays = holders.map((own) => spreadAt(placeOf(own, uid, holders), LEAST_STEP)).sort((a, b) => a - b);
      expect(delays[0]).toBe(0);
      expect(delays[1]).toBeGreaterThan(0);
      expect(delays.at(-1)).toBeLessThan(50);
    }
    expect(placeOf('a/1/b', 'user1', [])).toBe(0);
  });

  it('takes longer steps while the directory is slow, and always ends', () => {
    const step = new SpreadStep();
    expect(step.value).toBe(LEAST_STEP);
    for (let write = 0; write < 100; write += 1) step.answered(0.3);
    expect(step.value).toBe(LEAST_STEP);
    for (let write = 0; write < 100; write += 1) step.answered(20);
    expect(step.value).toBeCloseTo(60, 0);
    step.answered(60_000);
    expect(step.value).toBe(1_000);
    for (let write = 0; write < 200; write += 1) step.answered(0.3);
    expect(step.value).toBe(LEAST_STEP);
  });
});
