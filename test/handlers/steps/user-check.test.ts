import { describe, expect, it } from 'vitest';
import { userCheckStep } from '../../../handlers/steps/user-check.ts';
import type { CommandResult, RunCommand } from '../../../src/script/command.ts';
import { contextOf, inPath, jobOf, standIn, temporaryFolder } from './job.ts';

const quick = { timeoutMilliseconds: 0, intervalMilliseconds: 10 };

function answers(...outputs: (string | number)[]): { run: RunCommand; asked: string[][] } {
  const asked: string[][] = [];
  const run: RunCommand = async (command): Promise<CommandResult> => {
    asked.push([...command]);
    const next = outputs.length > 1 ? outputs.shift() : outputs[0];
    return typeof next === 'number'
      ? { kind: 'exited', exitCode: next, output: '', complaint: '' }
      : { kind: 'exited', exitCode: 0, output: `${next}\n`, complaint: '' };
  };
  return { run, asked };
}

describe('the user check', () => {
  it('is content with a user of this host', async () => {
    const job = jobOf('root', { uidNumber: '0', homeDirectory: '/root/' });
    expect(await userCheckStep(quick).run(job, contextOf())).toEqual({ ok: true });
  });

  it('fails with code 2 for a user that this host does not know', async () => {
    const outcome = await userCheckStep(quick).run(jobOf('no-such-user'), contextOf());
    expect(outcome).toMatchObject({ ok: false, returnValue: 2, retry: 'permanent' });
    expect(outcome).toHaveProperty('reason', expect.stringContaining('getent passwd'));
  });

  it.each([
    ['another number', { uidNumber: '12', homeDirectory: '/root' }, 'number 0'],
    ['another home', { uidNumber: '0', homeDirectory: '/home/root' }, 'home /root'],
    ['a number that is none', { uidNumber: '0; id' }, 'not a user number'],
    ['two numbers', { uidNumber: ['0', '1'] }, '2 values'],
  ])('fails with code 2 where the entry says %s', async (_, attributes, words) => {
    const outcome = await userCheckStep(quick).run(jobOf('root', attributes), contextOf());
    expect(outcome).toMatchObject({ ok: false, returnValue: 2 });
    expect(outcome).toHaveProperty('reason', expect.stringContaining(words));
  });

  it('asks again until the cache of NSS has caught up', async () => {
    const { run, asked } = answers(2, 'anna:x:5001:5001::/old:/bin/sh', 'anna:x:5001:5001::/home/anna:/bin/sh');
    let time = 0;
    const step = userCheckStep({
      timeoutMilliseconds: 30_000,
      intervalMilliseconds: 1_000,
      run,
      now: () => time,
      wait: async (milliseconds) => {
        time += milliseconds;
      },
    });
    const job = jobOf('anna', { uidNumber: '5001', homeDirectory: '/home/./anna' });
    expect(await step.run(job, contextOf())).toEqual({ ok: true });
    expect(asked).toHaveLength(3);
    expect(time).toBe(2_000);
  });

  it('gives up when the time is up, and says so', async () => {
    const { run } = answers(2);
    let time = 0;
    const step = userCheckStep({
      timeoutMilliseconds: 2_500,
      intervalMilliseconds: 1_000,
      run,
      now: () => time,
      wait: async (milliseconds) => {
        time += milliseconds;
      },
    });
    expect(await step.run(jobOf('anna'), contextOf())).toMatchObject({
      returnValue: 2,
      reason: expect.stringContaining('2500 ms'),
    });
    expect(time).toBe(2_500);
    expect(step.longestMilliseconds).toBeGreaterThan(2_500);
  });

  it('asks for a name of digits by its number, as getent would take the name for one', async () => {
    const { run, asked } = answers('3724300:x:5001:5001::/home/3724300:/bin/sh');
    const job = jobOf('3724300', { uidNumber: '5001' });
    expect(await userCheckStep({ ...quick, run }).run(job, contextOf())).toEqual({ ok: true });
    expect(asked).toEqual([['getent', 'passwd', '5001']]);
  });

  it('does not take another user with that number for the account', async () => {
    const { run } = answers('somebody:x:3724300:1::/home/somebody:/bin/sh');
    expect(await userCheckStep({ ...quick, run }).run(jobOf('3724300'), contextOf())).toMatchObject({ returnValue: 2 });
  });

  it('stops waiting when the service stops', async () => {
    const abort = new AbortController();
    const { run } = answers(2);
    const step = userCheckStep({ timeoutMilliseconds: 60_000, intervalMilliseconds: 60_000, run });
    const running = step.run(jobOf('anna'), contextOf(abort.signal));
    setImmediate(() => abort.abort());
    expect(await running).toMatchObject({ ok: false });
  });

  it('says what is wrong where getent itself fails', async () => {
    const folder = temporaryFolder();
    standIn(folder, 'getent', 'echo broken nsswitch >&2; exit 1');
    inPath(folder);
    const outcome = await userCheckStep(quick).run(jobOf('anna'), contextOf());
    expect(outcome).toMatchObject({ returnValue: 2, reason: expect.stringContaining('broken nsswitch') });
  });
});
