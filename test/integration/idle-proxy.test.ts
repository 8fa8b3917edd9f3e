import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DirectoryChange } from '../../src/domain/change.ts';
import { reconnect } from '../../streams/operators/reconnect.ts';
import { subscribeOnce } from '../../streams/subscription.ts';
import { Changes, subscription } from '../support/changes.ts';
import { type Haproxy, startHaproxy } from '../support/haproxy.ts';
import { type FaultProxy, startProxy } from '../support/proxy.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';

/** The idle limit of haproxy, in milliseconds. */
const IDLE = 1_500;

let slapd: Slapd;
/** Behind haproxy: it counts what reaches slapd. */
let counter: FaultProxy;
let haproxy: Haproxy;
let changes: Changes | undefined;

beforeAll(async () => {
  slapd = await startSlapd();
  counter = await startProxy(slapd.port);
  haproxy = await startHaproxy(counter.port, `${IDLE}ms`);
});
afterEach(() => changes?.stop());
afterAll(async () => {
  await haproxy?.stop();
  await counter?.close();
  await slapd?.stop();
});

/** Subscribes through haproxy for ever, with pauses from 100 ms up to 30 s. */
function subscribed(deadAfterMilliseconds: number): Changes {
  const { url } = haproxy;
  const connect = () => subscribeOnce(subscription(url, { deadAfterMilliseconds }));
  return new Changes(reconnect({ urls: [url], connect, initial: 100, max: 30_000 }));
}

function all<K extends DirectoryChange['kind']>(kind: K): Array<DirectoryChange & { kind: K }> {
  return (changes?.all ?? []).filter((change): change is DirectoryChange & { kind: K } => change.kind === kind);
}

describe('a proxy that cuts idle connections', () => {
  it('leads to no longer pauses, and is named at the second cut with the setting that helps', async () => {
    changes = subscribed(60_000);
    await changes.until((short) => short.filter((kind) => kind === 'reconnecting').length === 3);
    expect(all('reconnecting').map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
    const [first, ...later] = all('disconnected');
    expect(first?.remedy).not.toContain('reconnect.deadAfter');
    for (const { reason, remedy } of later) {
      expect(reason).toContain('twice in a row, after 1 s without a byte');
      expect(remedy).toMatch(/proxy.*cuts idle connections.*reconnect\.deadAfter to 1s or less/);
    }
  });

  it('does not cut a connection that is probed in time, as that setting has it', async () => {
    changes = subscribed(IDLE);
    await changes.emitted('refreshed 0');
    // Each probe comes after half of the idle limit at the earliest, on two connections.
    const held = await counter.hold('down', 'searchDone', 8);
    held.forward();
    await slapd.addAccount('kept', { sstProvisioningMode: 'add', sstProvisioningState: '0' });
    await changes.emitted('add uid=kept');
    expect(all('disconnected')).toEqual([]);
  });
});
