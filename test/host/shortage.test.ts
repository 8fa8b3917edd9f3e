import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { handlerRunner } from '../../handlers/run-handler.ts';
import { eachMode } from '../../src/domain/mode.ts';
import { InputFault } from '../../src/host/input-file.ts';
import { fewFiles, fewFilesBy, Shortage, shortageIn } from '../../src/host/shortage.ts';
import { connectionError } from '../../src/ldap/connection-error.ts';
import { contextOf, jobOf, MEANS } from '../handlers/steps/job.ts';
import { execute } from '../support/children.ts';

const systemError = (code: string) => Object.assign(new Error(`${code}: words`), { code });

describe('a shortage of the host', () => {
  it.each(['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM'])('is reported with what to do, and by its cause: %s', (code) => {
    const fault = new InputFault('/file', 'a file in error', systemError(code));
    const wrapped = new Error('outside', { cause: fault });
    for (const error of [systemError(code), fault, wrapped]) {
      expect(shortageIn(error)).toMatchObject({
        message: expect.stringContaining(`(${code})`),
        remedy: expect.stringMatching(/raise|lower/),
      });
    }
    expect(connectionError('ldap://a', wrapped)).toMatchObject({
      message: expect.stringContaining(`ldap://a: `),
      remedy: shortageIn(wrapped)?.remedy,
    });
  });

  it('is nothing else', () => {
    for (const error of [systemError('EACCES'), new Error('EMFILE'), 'EMFILE', undefined]) {
      expect(shortageIn(error)).toBeUndefined();
    }
  });

  it('is reported beforehand, by the number of files that may be open', () => {
    const limits = (files: string) =>
      `Limit      Soft Limit    Hard Limit   Units\nMax open files  ${files}  4096  files \n`;
    for (const few of ['0', '40', '63']) {
      expect(fewFilesBy(limits(few))).toMatchObject({
        message: `this process may have only ${few} files open, which is not enough`,
        remedy: 'raise its limit to at least 64 (systemd: LimitNOFILE=, shell: ulimit -n)',
      });
    }
    for (const many of ['64', '1024', 'unlimited']) expect(fewFilesBy(limits(many))).toBeUndefined();
    expect(fewFilesBy('')).toBeUndefined();
    expect(fewFiles()).toBeUndefined();
  });

  it('lets an attempt wait, whichever step tells of it and however', async () => {
    const run = async (error: unknown) => {
      const limits = { limitMilliseconds: 1_000, graceMilliseconds: 1, overdue: { returnValue: 1, remedy: '' } };
      const step = { name: 's', ...limits, inspect: async () => [], run: () => Promise.reject(error) };
      const handlers = eachMode(() => [step]);
      return handlerRunner(handlers, MEANS, () => 0)(jobOf('anna', {}), { ...contextOf(), begun: () => {} });
    };
    expect(await run(new Shortage('short', 'buy more'))).toMatchObject({
      retry: 'shortage',
      reason: 'short; buy more',
    });
    expect(await run(systemError('EMFILE'))).toMatchObject({ retry: 'shortage' });
    expect(await run(systemError('EIO'))).toMatchObject({ retry: 'permanent' });
  });

  it('is reported by each part that opens or starts something, and ends nothing, however few descriptors are left', async () => {
    const fixture = join(import.meta.dirname, '../support/fixtures/short-of-files.ts');
    const limited = ['--nofile=96:96', process.execPath, '--import', 'tsx', fixture];
    const { stdout } = await execute('prlimit', limited);
    const outcomes = JSON.parse(stdout) as Record<string, string[]>;
    expect(Object.keys(outcomes)).toEqual(['command', 'lookup', 'input', 'output', 'home', 'syslog']);
    for (const [name, each] of Object.entries(outcomes)) {
      expect([name, each[0], each.at(-1)]).toEqual([name, 'short', 'done']);
      expect([name, ...each.filter((outcome) => outcome !== 'short' && outcome !== 'done')]).toEqual([name]);
    }
  });
});
