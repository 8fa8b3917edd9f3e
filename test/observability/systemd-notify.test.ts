import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSystemdNotifier } from '../../src/observability/systemd-notify.ts';
import { ServiceManager } from '../support/service-manager.ts';

let manager: ServiceManager;
beforeEach(async () => {
  manager = await ServiceManager.start();
});
afterEach(() => manager.stop());

describe('the notifications of the service manager', () => {
  it('say that the service is ready, how it fares, and that it stops', async () => {
    const notifier = createSystemdNotifier({ ...process.env, NOTIFY_SOCKET: manager.socket }, () => {});
    notifier.ready();
    notifier.status('refreshed:\n3 open accounts');
    notifier.stopping();
    await manager.hears(/^STOPPING=1$/);
    expect(manager.heard).toEqual(['READY=1', 'STATUS=refreshed: 3 open accounts', 'STOPPING=1']);
    notifier.close();
  });

  it('feed the watchdog that is meant for this process', async () => {
    const env = { PATH: process.env['PATH'], NOTIFY_SOCKET: manager.socket, WATCHDOG_USEC: '20000' };
    const notifier = createSystemdNotifier({ ...env, WATCHDOG_PID: String(process.pid) }, () => {});
    await manager.hears(/^WATCHDOG=1$/);
    notifier.close();
  });

  it('are left out where no manager listens', () => {
    const notifier = createSystemdNotifier({}, () => {});
    notifier.ready();
    notifier.close();
    expect(manager.heard).toEqual([]);
  });
});
