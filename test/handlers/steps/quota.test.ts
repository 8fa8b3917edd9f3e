import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clearQuotaStep, type QuotaOptions, quotaStep } from '../../../handlers/steps/quota.ts';
import { limitsOf } from '../../../handlers/steps/quota-limits.ts';
import { contextOf, inPath, jobOf, standIn, temporaryFolder } from './job.ts';

const setquotaWith = (...limits: string[]): string[] => [
  'setquota',
  '--always-resolve',
  '-u',
  '{uid}',
  ...limits,
  '{filesystem}',
];

const options: QuotaOptions = {
  attribute: 'sstQuota',
  filesystem: '/var/backup',
  softRatio: 0.9,
  softFiles: null,
  hardFiles: null,
  command: setquotaWith('{softBlocks}', '{hardBlocks}', '{softFiles}', '{hardFiles}'),
  clearCommand: setquotaWith('0', '0', '0', '0'),
  homeRoot: null,
  timeoutMilliseconds: 30_000,
};

describe('the quota', () => {
  it('is set from bytes in blocks of 1 KiB, the soft limit by the ratio', async () => {
    const folder = temporaryFolder();
    const setquota = standIn(folder, 'setquota');
    inPath(folder);
    const job = jobOf('3724300', { sstQuota: '107374182400' });
    expect(await quotaStep(options).run(job, contextOf())).toEqual({ ok: true });
    expect(setquota.calls()).toEqual([
      ['--always-resolve', '-u', '3724300', '94371840', '104857600', '0', '0', '/var/backup'],
    ]);
  });

  it('carries file limits where they are configured', async () => {
    const folder = temporaryFolder();
    const setquota = standIn(folder, 'setquota');
    inPath(folder);
    const step = quotaStep({ ...options, softRatio: 1, softFiles: 1000, hardFiles: 2000 });
    await step.run(jobOf('anna', { sstQuota: '1' }), contextOf());
    expect(setquota.calls()).toEqual([['--always-resolve', '-u', 'anna', '1', '1', '1000', '2000', '/var/backup']]);
  });

  it('is lifted by zero', async () => {
    const folder = temporaryFolder();
    const setquota = standIn(folder, 'setquota');
    inPath(folder);
    expect(await quotaStep(options).run(jobOf('anna', { sstQuota: '0' }), contextOf())).toEqual({ ok: true });
    expect(setquota.calls()[0]?.slice(3, 7)).toEqual(['0', '0', '0', '0']);
  });

  it.each([
    ['absent', undefined, 'has no sstQuota'],
    ['negative', '-1', 'negative'],
    ['absurd', '99999999999999999999', 'more than any file system'],
    ['just beyond 64 bits', '9223372036854775808', 'more than any file system'],
    ['a megabyte of digits', '9'.repeat(1_000_000), 'more than any file system'],
    ['text', '10G', 'not a whole number'],
    ['an option', '--help', 'not a whole number'],
    ['shell text', '1;id', 'not a whole number'],
    ['with a line break', '1\n2', 'not a whole number'],
    ['empty', '', 'not a whole number'],
    ['two values', ['1', '2'], '2 values'],
  ])('fails with code 6, without a command, where the value is %s', async (_, sstQuota, words) => {
    const folder = temporaryFolder();
    const setquota = standIn(folder, 'setquota');
    inPath(folder);
    const job = jobOf('anna', sstQuota === undefined ? {} : { sstQuota });
    const outcome = await quotaStep(options).run(job, contextOf());
    expect(outcome).toMatchObject({ ok: false, returnValue: 6, reason: expect.stringContaining(words) });
    expect(outcome.ok || outcome.reason.length).toBeLessThan(400);
    expect(setquota.calls()).toEqual([]);
  });

  it('fails with code 6 and the words of the command where it fails', async () => {
    const folder = temporaryFolder();
    standIn(folder, 'setquota', 'echo "quota not enabled" >&2; exit 1');
    inPath(folder);
    const outcome = await quotaStep(options).run(jobOf('anna', { sstQuota: '1' }), contextOf());
    expect(outcome).toMatchObject({ returnValue: 6, reason: expect.stringContaining('quota not enabled') });
  });

  it('fails with code 6 where the real setquota finds no quota on the file system', async () => {
    const step = quotaStep({ ...options, filesystem: '/proc' });
    expect(await step.run(jobOf('root', { sstQuota: '1' }), contextOf())).toMatchObject({ returnValue: 6 });
  });

  it('speaks to other file systems by a command of the site', async () => {
    const folder = temporaryFolder();
    const zfs = standIn(folder, 'zfs');
    const command = [
      zfs.path,
      'set',
      'userquota@{uidNumber}={hardBytes}',
      '{filesystem}',
      '{homeDirectory}',
      '{other}',
    ];
    const step = quotaStep({ ...options, filesystem: 'pool/backup', command });
    const job = jobOf('anna', { sstQuota: '1025', uidNumber: '5001', homeDirectory: '/srv/{uid}/./anna' });
    expect(await step.run(job, contextOf())).toEqual({ ok: true });
    expect(zfs.calls()).toEqual([['set', 'userquota@5001=2048', 'pool/backup', '/srv/{uid}/anna', '{other}']]);
    const faulty = jobOf('anna', { sstQuota: '1', uidNumber: '--all', homeDirectory: '/a' });
    expect(await step.run(faulty, contextOf())).toMatchObject({ returnValue: 6 });
  });

  it('is cleared where the user still resolves', async () => {
    const folder = temporaryFolder();
    const setquota = standIn(folder, 'setquota');
    inPath(folder);
    expect(await clearQuotaStep(options).run(jobOf('root', { sstQuota: 'x' }), contextOf())).toEqual({ ok: true });
    expect(setquota.calls()).toEqual([['--always-resolve', '-u', 'root', '0', '0', '0', '0', '/var/backup']]);
  });

  it('is content where the user to clear is gone', async () => {
    const folder = temporaryFolder();
    const setquota = standIn(folder, 'setquota');
    inPath(folder);
    expect(await clearQuotaStep(options).run(jobOf('no-such-user'), contextOf())).toEqual({ ok: true });
    expect(setquota.calls()).toEqual([]);
  });

  it('is ended in time, and says so', async () => {
    const folder = temporaryFolder();
    standIn(folder, 'setquota', 'exec sleep 60');
    inPath(folder);
    const step = quotaStep({ ...options, timeoutMilliseconds: 100 });
    const outcome = await step.run(jobOf('anna', { sstQuota: '1' }), contextOf());
    expect(outcome).toMatchObject({ returnValue: 6, reason: expect.stringContaining('100 ms') });
  });

  it('never rounds an account down, nor to no limit', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
        fc.double({ min: 1e-6, max: 1, noNaN: true }),
        (bytes, ratio) => {
          const { soft, hard } = limitsOf(bytes, ratio);
          expect(hard * 1024n).toBeGreaterThanOrEqual(bytes);
          expect((hard - 1n) * 1024n).toBeLessThan(bytes);
          expect(soft).toBeGreaterThan(0n);
          expect(soft).toBeLessThanOrEqual(hard);
        },
      ),
    );
    expect(limitsOf(0n, 0.9)).toEqual({ soft: 0n, hard: 0n });
  });
});
