import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quota, quotaCleared } from '../../../handlers/steps/quota.ts';
import { limitsOf } from '../../../handlers/steps/quota-limits.ts';
import { doStep, inPath, jobOf, standIn, stepOf, temporaryFolder } from './job.ts';

const setquotaWith = (...limits: string[]): string[] => [
  'setquota',
  '--always-resolve',
  '-u',
  '{uid}',
  ...limits,
  '{filesystem}',
];

const settings = {
  enabled: true,
  attribute: 'sstQuota',
  filesystem: '/var/backup',
  softRatio: 0.9,
  softFiles: null,
  hardFiles: null,
  command: setquotaWith('{softBlocks}', '{hardBlocks}', '{softFiles}', '{hardFiles}'),
  clearCommand: setquotaWith('0', '0', '0', '0'),
  timeout: '30s',
};

describe('the quota', () => {
  it('is set from bytes in blocks of 1 KiB, the soft limit by the ratio', async () => {
    const folder = temporaryFolder();
    const setquota = standIn(folder, 'setquota');
    inPath(folder);
    const job = jobOf('3724300', { sstQuota: '107374182400' });
    expect(await doStep(stepOf(quota, settings), job)).toEqual({ ok: true });
    expect(setquota.calls()).toEqual([
      ['--always-resolve', '-u', '3724300', '94371840', '104857600', '0', '0', '/var/backup'],
    ]);
  });

  it('carries file limits where they are configured', async () => {
    const folder = temporaryFolder();
    const setquota = standIn(folder, 'setquota');
    inPath(folder);
    const step = stepOf(quota, { ...settings, softRatio: 1, softFiles: 1000, hardFiles: 2000 });
    await doStep(step, jobOf('anna', { sstQuota: '1' }));
    expect(setquota.calls()).toEqual([['--always-resolve', '-u', 'anna', '1', '1', '1000', '2000', '/var/backup']]);
  });

  it('is lifted by zero', async () => {
    const folder = temporaryFolder();
    const setquota = standIn(folder, 'setquota');
    inPath(folder);
    expect(await doStep(stepOf(quota, settings), jobOf('anna', { sstQuota: '0' }))).toEqual({ ok: true });
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
    const outcome = await doStep(stepOf(quota, settings), job);
    expect(outcome).toMatchObject({ ok: false, returnValue: 6, reason: expect.stringContaining(words) });
    expect(outcome.ok || outcome.reason.length).toBeLessThan(400);
    expect(setquota.calls()).toEqual([]);
  });

  it('fails with code 6 and the words of the command where it fails', async () => {
    const folder = temporaryFolder();
    standIn(folder, 'setquota', 'echo "quota not enabled" >&2; exit 1');
    inPath(folder);
    const outcome = await doStep(stepOf(quota, settings), jobOf('anna', { sstQuota: '1' }));
    expect(outcome).toMatchObject({ returnValue: 6, reason: expect.stringContaining('quota not enabled') });
  });

  it('fails with code 6 where the real setquota finds no quota on the file system', async () => {
    const step = stepOf(quota, { ...settings, filesystem: '/proc' });
    expect(await doStep(step, jobOf('root', { sstQuota: '1' }))).toMatchObject({ returnValue: 6 });
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
    const step = stepOf(quota, { ...settings, filesystem: '/pool/backup', command });
    const job = jobOf('anna', { sstQuota: '1025', uidNumber: '5001', homeDirectory: '/srv/{uid}/./anna' });
    expect(await doStep(step, job)).toEqual({ ok: true });
    expect(zfs.calls()).toEqual([['set', 'userquota@5001=2048', '/pool/backup', '/srv/{uid}/anna', '{other}']]);
    const faulty = jobOf('anna', { sstQuota: '1', uidNumber: '--all', homeDirectory: '/a' });
    expect(await doStep(step, faulty)).toMatchObject({ returnValue: 6 });
  });

  it('is cleared where the user still resolves', async () => {
    const folder = temporaryFolder();
    const setquota = standIn(folder, 'setquota');
    inPath(folder);
    expect(await doStep(stepOf(quotaCleared, settings), jobOf('root', { sstQuota: 'x' }))).toEqual({ ok: true });
    expect(setquota.calls()).toEqual([['--always-resolve', '-u', 'root', '0', '0', '0', '0', '/var/backup']]);
  });

  it('is content where the user to clear is gone', async () => {
    const folder = temporaryFolder();
    const setquota = standIn(folder, 'setquota');
    inPath(folder);
    expect(await doStep(stepOf(quotaCleared, settings), jobOf('no-such-user'))).toEqual({ ok: true });
    expect(setquota.calls()).toEqual([]);
  });

  it('is ended in time, and says so', async () => {
    const folder = temporaryFolder();
    standIn(folder, 'setquota', 'exec sleep 60');
    inPath(folder);
    const step = stepOf(quota, { ...settings, timeout: '100ms' });
    const outcome = await doStep(step, jobOf('anna', { sstQuota: '1' }));
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
