import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DirectoryEntry } from '../../src/domain/entry.ts';
import { startWorld, type World } from '../faults/world.ts';
import { BASE } from '../support/accounts.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { text } from '../support/test-directory.ts';

const HOUR = 3_600_000;

/** Days around both changes of daylight-saving time, and when they begin in Zurich. */
const DAYS = [
  { day: '20270328', begins: new Date('2027-03-27T23:00:00Z'), what: 'the day on which the clocks go forward' },
  { day: '20270329', begins: new Date('2027-03-28T22:00:00Z'), what: 'the day after that' },
  { day: '20271031', begins: new Date('2027-10-30T22:00:00Z'), what: 'the day on which the clocks go back' },
  { day: '20271101', begins: new Date('2027-10-31T23:00:00Z'), what: 'the day after that one' },
] as const;

let world: World;
let clock: FakeClock;

/** Sets the clock, and starts the service with it unless it runs. */
async function serviceAt(time: Date): Promise<void> {
  clock.setTo(time);
  if (!world.service.running) world.service.start(clock.environment);
  await expect.poll(() => world.service.output.split('--- started').at(-1), { timeout: 20_000 }).toContain('refreshed');
}

async function askFor(date: string): Promise<string> {
  const uid = await world.account();
  await world.slapd.request(uid, 'modify', { sstProvisioningDate: date });
  return uid;
}

async function deferred(...uids: string[]): Promise<void> {
  for (const uid of uids) {
    await expect.poll(() => world.service.output, { timeout: 20_000 }).toMatch(new RegExp(`deferred.*${uid}`));
  }
}

/**
 * Waits until another due account was finished, whatever the clock shows. All other due accounts
 * are in work by then.
 */
async function somethingElseIsDone(): Promise<void> {
  const uid = await world.account();
  await world.ask(uid, 'modify');
  await world.finished(uid, 'modify');
}

function finishedAt(entry: DirectoryEntry): number {
  const [, date, time] = /^(\d{8})T(\d{6})Z$/.exec(text(entry, 'sstProvisioningState')) ?? [];
  const digits = `${date}${time}`;
  return Date.parse(digits.replace(/(....)(..)(..)(..)(..)(..)/, '$1-$2-$3T$4:$5:$6Z'));
}

beforeAll(async () => {
  // The periodic list would find what a held account missed. It must not help here.
  world = await startWorld({
    start: false,
    settings: { timeZone: 'Europe/Zurich', reconcile: { interval: '10m' } },
  });
  clock = new FakeClock(join(world.folder, 'clock'));
});
afterAll(() => world.stop());

describe('a date in Zurich', { timeout: 90_000 }, () => {
  for (const { day, begins, what } of DAYS) {
    it(`fires as ${what} begins, not before, without another write`, async () => {
      await serviceAt(new Date(begins.getTime() - 2 * HOUR));
      const uid = await askFor(day);
      await deferred(uid);
      clock.setTo(new Date(begins.getTime() - 1_000));
      const entry = await world.finished(uid, 'modify');
      expect(finishedAt(entry) - begins.getTime()).toBeGreaterThanOrEqual(0);
      expect(finishedAt(entry) - begins.getTime()).toBeLessThan(60_000);
      expect(world.script.starts(uid)).toHaveLength(1);
    });
  }

  it('does not fire again, nor early, when the clock is set back', async () => {
    const [first, second] = DAYS;
    await serviceAt(new Date(first.begins.getTime() - HOUR));
    const [due, later] = [await askFor(first.day), await askFor(second.day)];
    await deferred(due, later);
    clock.setTo(new Date(first.begins.getTime() + HOUR));
    await world.finished(due, 'modify');
    clock.setTo(new Date(first.begins.getTime() - 48 * HOUR));
    await somethingElseIsDone();
    // Midnight comes a second time; the next day begins for the first time.
    clock.setTo(new Date(first.begins.getTime() + 1_000));
    await somethingElseIsDone();
    expect(world.script.starts(later)).toHaveLength(0);
    clock.setTo(second.begins);
    await world.finished(later, 'modify');
    expect(world.script.starts(due)).toHaveLength(1);
    expect(world.script.starts(later)).toHaveLength(1);
  });

  it('fires after the machine slept through the midnight', async () => {
    const { day, begins } = DAYS[3];
    await serviceAt(new Date(begins.getTime() - HOUR));
    const uid = await askFor(day);
    await deferred(uid);
    world.service.signal('SIGSTOP');
    clock.setTo(new Date(begins.getTime() + 3 * HOUR));
    world.service.signal('SIGCONT');
    await world.finished(uid, 'modify');
    expect(world.script.starts(uid)).toHaveLength(1);
  });

  it('that passed while no service ran is owed at once', async () => {
    const { day, begins } = DAYS[1];
    await serviceAt(new Date(begins.getTime() - HOUR));
    const uid = await askFor(day);
    await deferred(uid);
    await world.service.kill9();
    await serviceAt(new Date(begins.getTime() + 30 * HOUR));
    await world.finished(uid, 'modify');
  });
});

describe('an account dated tomorrow', { timeout: 90_000 }, () => {
  for (const configured of ['sstProvisioningDate', 'sstProvisioningExecutionDate']) {
    it(`does not run today where only ${configured} is configured, by whichever name it was written`, async () => {
      const [{ begins }, { day: tomorrow }] = DAYS;
      const other = await startWorld({
        start: false,
        settings: { timeZone: 'Europe/Zurich', attributes: { date: configured } },
      });
      try {
        clock.setTo(new Date(begins.getTime() + HOUR));
        const uids = [];
        for (const name of ['sstProvisioningDate', 'sstProvisioningExecutionDate']) {
          const uid = await other.account();
          await other.slapd.modify(`uid=${uid},${BASE}`, {
            sstProvisioningMode: 'add',
            sstProvisioningState: '0',
            [name]: tomorrow,
          });
          uids.push(uid);
        }
        other.service.start(clock.environment);
        const due = await other.account();
        await other.ask(due, 'add');
        await other.finished(due, 'add');
        for (const uid of uids) expect(other.script.starts(uid)).toHaveLength(0);
        clock.setTo(new Date(begins.getTime() + 24 * HOUR));
        for (const uid of uids) await other.finished(uid, 'add');
      } finally {
        await other.stop();
      }
    });
  }
});
