import { describe, expect, it } from 'vitest';
import { decide } from '../../src/domain/decide.ts';
import type { StreamEvent } from '../../src/domain/event.ts';
import type { Job } from '../../src/domain/job.ts';
import { readAccount } from '../../src/domain/read-account.ts';
import { Canary } from '../../src/service/canary.ts';
import { NAMES } from '../support/accounts.ts';
import { MemoryDirectory } from '../support/memory-directory.ts';
import { SUCCEEDED } from '../support/stage.ts';

const INTERVAL = 60_000;
const FINISHED = { sstProvisioningMode: 'added', sstProvisioningState: '20260101T000000Z' };

/** A canary in a directory, with a clock that the test moves. */
function canaryIn(directory: MemoryDirectory) {
  let now = 1_000_000;
  let paused = false;
  const told: string[] = [];
  const dn = 'uid=canary,ou=accounts,dc=example,dc=org';
  const canary = new Canary({
    dn,
    intervalMilliseconds: INTERVAL,
    names: NAMES,
    directory: directory.client(),
    readEntry: (entry) => readAccount(entry, NAMES, null),
    decide: (record) => decide(record, { names: NAMES, today: '20260301', othersTimeLeft: 0, behindTimeLeft: 0 }),
    paused: () => paused,
    notice: (message) => void told.push(message),
    now: () => now,
    monotonic: () => now,
  });
  /** An interval passes. */
  const tick = (): Promise<void> => {
    now += INTERVAL;
    return canary.tick();
  };
  const finished = (event: Partial<StreamEvent> = {}): void => {
    const ended = { event: 'finished', state: 'T', milliseconds: 1, uid: 'canary', dn, mode: 'added', ...event };
    canary.observe(ended as StreamEvent);
  };
  return { canary, dn, told, tick, finished, pass: (ms: number) => (now += ms), pause: (is: boolean) => (paused = is) };
}

const writes = ({ operations }: MemoryDirectory) => operations.filter(({ kind }) => kind === 'modify');

describe('the canary', () => {
  it('is asked for at the first list and then each interval, and measures the time to its finished state', async () => {
    const directory = new MemoryDirectory();
    const { canary, dn, tick, finished, pass } = canaryIn(directory);
    directory.create('canary', FINISHED, dn);
    canary.refreshed();
    canary.refreshed();
    await expect.poll(() => directory.mode('canary')).toBe('add');
    expect(canary.status()).toEqual({ dn, late: false });
    pass(250);
    directory.write('canary', FINISHED, dn);
    finished({ dn: dn.toUpperCase() });
    expect(canary.status()).toEqual({ dn, late: false, milliseconds: 250, answeredAt: expect.any(String) });
    await tick();
    expect(directory.mode('canary')).toBe('add');
    expect(writes(directory)).toHaveLength(2);
    expect(new Set(writes(directory).map((operation) => operation.dn))).toEqual(new Set([dn]));
  });

  it('is not asked for once the service stops, which would leave its request open', async () => {
    const directory = new MemoryDirectory();
    const { canary, dn } = canaryIn(directory);
    directory.create('canary', FINISHED, dn);
    const asking = canary.tick();
    canary.stop();
    await asking;
    canary.refreshed();
    await canary.tick();
    expect(writes(directory)).toEqual([]);
  });

  it('is asked for again after a failure, and not while its request is open, or another program has it', async () => {
    for (const [mode, returnValue, isAsked] of [
      ['adding', '6', true],
      ['adding', [], false],
      ['modify', [], false],
      ['snapshot', [], false],
    ] as const) {
      const directory = new MemoryDirectory();
      const { dn, tick } = canaryIn(directory);
      const content = { sstProvisioningMode: mode, sstProvisioningReturnValue: returnValue };
      directory.create('canary', content, dn);
      await tick();
      expect([mode, writes(directory).length]).toEqual([mode, isAsked ? 1 : 0]);
    }
  });

  it('is answered by another service, too, also where nobody tells of it', async () => {
    const directory = new MemoryDirectory();
    const { canary, dn, tick, finished, pass } = canaryIn(directory);
    directory.create('canary', FINISHED, dn);
    await tick();
    pass(10);
    finished({ event: 'left', why: 'finished' } as Partial<StreamEvent>);
    expect(canary.status().milliseconds).toBe(10);
    directory.write('canary', FINISHED, dn);
    await tick();
    directory.write('canary', FINISHED, dn);
    await tick();
    expect(canary.status().milliseconds).toBe(INTERVAL);
  });

  it('takes no end of another account, and no other end of its own, for an answer', async () => {
    const directory = new MemoryDirectory();
    const { canary, dn, tick, finished } = canaryIn(directory);
    directory.create('canary', FINISHED, dn);
    await tick();
    finished({ uid: 'a', dn: 'uid=a' } as Partial<StreamEvent>);
    finished({ event: 'failed' } as Partial<StreamEvent>);
    finished({ event: 'left', why: 'moved' } as Partial<StreamEvent>);
    expect(canary.status().answeredAt).toBeUndefined();
  });

  it('is late after two intervals without an answer, which is said once, with the cause, and when it is back', async () => {
    const directory = new MemoryDirectory();
    const { canary, dn, told, tick, finished } = canaryIn(directory);
    await tick();
    await tick();
    expect(canary.status()).toMatchObject({ late: false, failure: expect.stringContaining('no such entry') });
    await tick();
    await tick();
    expect(canary.status().late).toBe(true);
    expect(told).toEqual([expect.stringMatching(/canary,.* is late \(there is no such entry/)]);
    directory.create('canary', FINISHED, dn);
    await tick();
    finished();
    expect(canary.status()).toMatchObject({ late: false, milliseconds: 0 });
    expect(told).toEqual([expect.any(String), 'the canary is answered again']);
  });

  it('is late while the directory is away, with its reason', async () => {
    const directory = new MemoryDirectory();
    const { canary, tick } = canaryIn(directory);
    directory.away = true;
    for (let count = 0; count < 3; count += 1) await tick();
    expect(canary.status()).toMatchObject({ late: true, failure: 'no answer' });
  });

  it('is not asked for and not late during a pause, nor right after it', async () => {
    const directory = new MemoryDirectory();
    const { canary, dn, told, tick, pause } = canaryIn(directory);
    directory.create('canary', FINISHED, dn);
    await tick();
    pause(true);
    for (let count = 0; count < 5; count += 1) await tick();
    expect(canary.status().late).toBe(false);
    pause(false);
    await tick();
    expect(canary.status().late).toBe(false);
    expect(told).toEqual([]);
    expect(writes(directory)).toHaveLength(1);
  });

  it('is handled without a step, and every other account with its steps', async () => {
    const { canary, dn } = canaryIn(new MemoryDirectory());
    const ran: string[] = [];
    const run = canary.handling((job) => {
      ran.push(job.record.dn);
      return Promise.resolve(SUCCEEDED);
    });
    const jobOf = (name: string) => ({ record: { dn: name } }) as Job;
    expect(await run(jobOf(dn), {} as never)).toEqual({ ok: true, timings: [] });
    await run(jobOf('uid=a'), {} as never);
    expect(ran).toEqual(['uid=a']);
  });
});
