import { describe, expect, it } from 'vitest';
import { userCheck, waitForUser } from '../../../handlers/steps/user-check.ts';
import type { CommandResult } from '../../../src/script/command.ts';
import type { Getent } from '../../../src/script/getent.ts';
import { contextOf, doStep, inPath, jobOf, standIn, stepOf, temporaryFolder } from './job.ts';

const quick = { enabled: true, timeout: '0s', interval: '100ms' };

function answers(...outputs: (string | number)[]): { getent: Getent; asked: string[][] } {
  const asked: string[][] = [];
  const getent: Getent = async (database, keys): Promise<CommandResult> => {
    asked.push([database, ...keys]);
    const next = outputs.length > 1 ? outputs.shift() : outputs[0];
    return typeof next === 'number'
      ? { kind: 'exited', exitCode: next, output: '', complaint: '' }
      : { kind: 'exited', exitCode: 0, output: `${next}\n`, complaint: '' };
  };
  return { getent, asked };
}

describe('the user check', () => {
  it('is content with a user of this host', async () => {
    const job = jobOf('root', { uidNumber: '0', homeDirectory: '/root/' });
    expect(await doStep(stepOf(userCheck, quick), job)).toEqual({ ok: true });
  });

  it('fails with code 2 for a user that this host does not know', async () => {
    const outcome = await doStep(stepOf(userCheck, quick), jobOf('no-such-user'));
    expect(outcome).toMatchObject({ ok: false, returnValue: 2, retry: 'permanent' });
    expect(outcome).toHaveProperty('reason', expect.stringContaining('getent passwd'));
  });

  it.each([
    ['another number', { uidNumber: '12', homeDirectory: '/root' }, 'number 0'],
    ['another home', { uidNumber: '0', homeDirectory: '/home/root' }, 'home /root'],
    ['a number that is none', { uidNumber: '0; id' }, 'not a user number'],
    ['two numbers', { uidNumber: ['0', '1'] }, '2 values'],
  ])('fails with code 2 where the entry says %s', async (_, attributes, words) => {
    const outcome = await doStep(stepOf(userCheck, quick), jobOf('root', attributes));
    expect(outcome).toMatchObject({ ok: false, returnValue: 2 });
    expect(outcome).toHaveProperty('reason', expect.stringContaining(words));
  });

  it('asks again until the cache of NSS has caught up', async () => {
    const { getent, asked } = answers(2, 'anna:x:5001:5001::/old:/bin/sh', 'anna:x:5001:5001::/home/anna:/bin/sh');
    let time = 0;
    const waiting = {
      timeout: 30_000,
      interval: 1_000,
      getent,
      now: () => time,
      wait: async (milliseconds: number) => {
        time += milliseconds;
      },
    };
    const job = jobOf('anna', { uidNumber: '5001', homeDirectory: '/home/./anna' });
    expect(await waitForUser(job, contextOf(), waiting)).toEqual({ ok: true });
    expect(asked).toHaveLength(3);
    expect(time).toBe(2_000);
  });

  it('gives up when the time is up, and says so', async () => {
    const { getent } = answers(2);
    let time = 0;
    const waiting = {
      timeout: 2_500,
      interval: 1_000,
      getent,
      now: () => time,
      wait: async (milliseconds: number) => {
        time += milliseconds;
      },
    };
    expect(await waitForUser(jobOf('anna'), contextOf(), waiting)).toMatchObject({
      returnValue: 2,
      reason: expect.stringContaining('2500 ms'),
    });
    expect(time).toBe(2_500);
    expect(stepOf(userCheck, { enabled: true, timeout: '2500ms' }).limitMilliseconds).toBeGreaterThan(2_500);
  });

  it('asks for a name of digits by its number, as getent would take the name for one', async () => {
    const { getent, asked } = answers('3724300:x:5001:5001::/home/3724300:/bin/sh');
    const job = jobOf('3724300', { uidNumber: '5001' });
    expect(await doStep(stepOf(userCheck, quick), job, contextOf(), { getent })).toEqual({ ok: true });
    expect(asked).toEqual([['passwd', '5001']]);
  });

  it('does not take another user with that number for the account', async () => {
    const { getent } = answers('somebody:x:3724300:1::/home/somebody:/bin/sh');
    expect(await doStep(stepOf(userCheck, quick), jobOf('3724300'), contextOf(), { getent })).toMatchObject({
      returnValue: 2,
    });
  });

  it('stops waiting when the service stops', async () => {
    const abort = new AbortController();
    const { getent } = answers(2);
    const step = stepOf(userCheck, { enabled: true, timeout: '60s', interval: '60s' });
    const running = doStep(step, jobOf('anna'), contextOf(abort.signal), { getent });
    setImmediate(() => abort.abort());
    expect(await running).toMatchObject({ ok: false });
  });

  it('says what is wrong where getent itself fails', async () => {
    const folder = temporaryFolder();
    standIn(folder, 'getent', 'echo broken nsswitch >&2; exit 1');
    inPath(folder);
    const outcome = await doStep(stepOf(userCheck, quick), jobOf('anna'));
    expect(outcome).toMatchObject({ returnValue: 2, reason: expect.stringContaining('broken nsswitch') });
  });
});
