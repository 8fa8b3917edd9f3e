import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { manyAccounts } from '../support/accounts.ts';
import { subscribe } from '../support/changes.ts';
import { type FaultProxy, startProxy } from '../support/proxy.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';

const OPEN = { sstProvisioningMode: 'add', sstProvisioningState: '0' };
const DEAD_AFTER = 300;
/** The tolerance in milliseconds for the timers of a busy machine. */
const LATE = 2_000;

let slapd: Slapd;
let proxy: FaultProxy;

beforeAll(async () => {
  slapd = await startSlapd({ preload: manyAccounts(3, OPEN) });
  proxy = await startProxy(slapd.port);
});
afterAll(async () => {
  await proxy?.close();
  await slapd?.stop();
});

it('ends with an error or carries on, and never hangs, whichever byte of the directory is damaged', async () => {
  const damage = fc.asyncProperty(fc.nat(900), fc.integer({ min: 1, max: 255 }), async (offset, mask) => {
    const end = proxy.onConnection((connection) => connection.down.flip(offset, mask));
    const started = performance.now();
    const changes = subscribe(proxy.url, { deadAfterMilliseconds: DEAD_AFTER, timeoutMilliseconds: DEAD_AFTER });
    try {
      await changes.until((short) => short.some((what) => what.startsWith('refreshed'))).catch(() => undefined);
    } finally {
      end();
      changes.stop();
    }
    expect(performance.now() - started).toBeLessThan(3 * DEAD_AFTER + LATE);
    expect(changes.error?.message ?? '').not.toContain('not a DirectoryError');
  });
  await fc.assert(damage, { numRuns: 40, endOnFailure: true });
});
