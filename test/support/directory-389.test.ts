import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { accountDn, SERVICE_DN, SERVICE_PASSWORD, SERVICES } from './accounts.ts';
import { type Directory389, RETRIED_AFTER_CRASH, start389 } from './directory-389.ts';
import { TestDirectory, text } from './test-directory.ts';

describe('a 389-ds of the tests', () => {
  let directory: Directory389;
  beforeAll(async () => {
    directory = await start389();
  });
  afterAll(async () => {
    await directory.remove();
    expect(existsSync(`/etc/dirsrv/slapd-${directory.name}`)).toBe(false);
  });

  it('lets the bind account write provisioning attributes and nothing else', async () => {
    await directory.addAccount('1');
    const service = new TestDirectory({ url: directory.url, dn: SERVICE_DN, password: SERVICE_PASSWORD });
    await service.modify(accountDn('1'), { sstProvisioningMode: 'adding', sstProvisioningReturnValue: '7' });
    await expect(service.modify(accountDn('1'), { sstIsActive: 'FALSE' })).rejects.toMatchObject({ code: 50 });
    expect((await service.search(SERVICES)).length).toBeLessThanOrEqual(3);
    const entry = await service.read('1');
    expect(entry && text(entry, 'sstProvisioningReturnValue')).toBe('7');
    await service.disconnect();
  });

  it('reports changes to an observer by RFC 4533', async () => {
    const observer = await directory.observer();
    await directory.request('1', 'modify');
    await directory.delete(accountDn('1'));
    await observer.until((changes) => changes.some(({ kind }) => kind === 'deleted'));
    expect(observer.modes('1')).toEqual(['modify']);
    await observer.stop();
  });

  it('is started again on its data when it ends by itself, and says so', async () => {
    await directory.addAccount('crash', { sstProvisioningMode: 'added' });
    const told = vi.spyOn(console, 'error').mockReturnValue();
    process.kill(directory.pid ?? 0, 'SIGSEGV');
    await vi.waitFor(() => expect(told).toHaveBeenCalledWith(expect.stringContaining('ended by itself, by SIGSEGV')));
    told.mockRestore();
    await expect(directory.assertRunning()).rejects.toThrow(RETRIED_AFTER_CRASH.retry.condition);
    await directory.assertRunning();
    await directory.waitForMode('crash', 'added');
  });

  it('keeps its data and its address through a kill and a restart', async () => {
    await directory.addAccount('2');
    await directory.kill9();
    await directory.start();
    await directory.waitForMode('2', 'added');
    await directory.restart();
    await directory.waitForMode('2', 'added');
  });
});
