import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { knownOfAccount } from '../../src/commands/known-of-account.ts';
import { renderStatus } from '../../src/commands/status-screen.ts';
import type { PublishedEvent } from '../../src/domain/event.ts';
import type { ServiceSnapshot } from '../../src/domain/status.ts';
import { renderEvent } from '../../src/observability/render-event.ts';
import { fetchStatus } from '../../src/operator/fetch-status.ts';
import { followEvents } from '../../src/operator/follow-events.ts';
import { OperatorError } from '../../src/operator/listen-address.ts';
import { SCALE } from '../endurance/scale.ts';
import { oddValue, placesIn, replaced } from '../support/odd-values.ts';

/** A server that listens at the address of the service before the service does. */
async function impostor(status = 200): Promise<{ address: string; says(words: string): void }> {
  let said = '';
  const server = createServer((_, answer) => answer.writeHead(status, { connection: 'close' }).end(said));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    says: (words) => {
      said = words;
    },
  };
}

const TIME = '2026-03-01T02:00:00.000Z';
const of = { uid: '1', dn: 'uid=1', mode: 'adding', since: TIME };
const SNAPSHOT: ServiceSnapshot = {
  time: TIME,
  startedAt: TIME,
  version: '1.0.0',
  ready: true,
  connection: { phase: 'live', since: TIME, url: 'ldap://a', protocol: 'syncrepl', reason: 'reset', attempt: 2 },
  counts: { open: 5, queued: 0, inWork: 1, retrying: 1, failed: 1, deferred: 1, waiting: 1 },
  slots: 8,
  busy: 1,
  stuck: 0,
  oldest: { queued: TIME },
  outlets: [{ outlet: 'log file', where: '/x', lost: 1, failure: 'ENOSPC', freeBytes: 0 }],
  attempts: [{ mode: 'add', attempts: 3, p50: 10, p95: 20 }],
  failures: [{ returnValue: 4, step: 'script', cause: 'why', count: 1, first: TIME, last: TIME, uids: ['1'] }],
  queued: [of],
  inWork: [
    {
      ...of,
      job: 'j',
      doing: 'working',
      attempt: 1,
      resumed: true,
      begunAt: TIME,
      step: 'script',
      stepSince: TIME,
      stuck: false,
    },
  ],
  failed: [{ ...of, returnValue: 4, step: 'script', reason: 'why' }],
  retrying: [{ ...of, attempt: 2, reason: 'why', dueAt: TIME }],
  deferred: [{ ...of, until: '20990101' }],
  waiting: [{ ...of, reason: 'why' }],
  pauses: [],
  rates: [{ minutes: 1, received: 1, claimed: 1, finished: 1, failed: 0 }],
};
const { since: _, ...account } = of;
const EVENTS: readonly PublishedEvent[] = [
  { time: TIME, event: 'connected', url: 'ldap://a', protocol: 'syncrepl', server: 'OpenLDAP' },
  { time: TIME, event: 'refreshed', entries: 1, milliseconds: 2 },
  { time: TIME, event: 'disconnected', url: 'ldap://a', reason: 'ldap://a: reset', remedy: 'wait' },
  { time: TIME, event: 'skipped', ...account, reason: 'why', returnValue: 4, failedAt: TIME },
  { time: TIME, event: 'deferred', ...account, until: '20990101' },
  { time: TIME, event: 'output', ...account, job: 'j', stream: 'stdout', line: 'words' },
  { time: TIME, event: 'finished', ...account, job: 'j', state: '20260301T020000Z', milliseconds: 3 },
  { time: TIME, event: 'draining', inWork: 1, queued: 2, graceMilliseconds: 3 },
];

describe('something else than the service, at its address,', () => {
  it('reaches the terminal as text, where it says why it does not answer', async () => {
    const { address, says } = await impostor(500);
    says(JSON.stringify({ error: 'a\u009b2J\u202eb' }));
    const lines = await knownOfAccount({ address, directory: null }, '1', []);
    expect(lines).toEqual([expect.stringContaining('refused: a\\x9b2J\\u202eb')]);
  });

  it('differs from it by its status, or is shown as far as it looks like one', {
    timeout: 60_000 * SCALE,
  }, async () => {
    const { address, says } = await impostor();
    const screen = (snapshot: ServiceSnapshot) => renderStatus(snapshot, { colour: false, columns: 80, rows: 40 });
    says(JSON.stringify(SNAPSHOT));
    expect(screen(await fetchStatus(address))).toContain('connected, but the log file');
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...placesIn(SNAPSHOT)), oddValue, async (place, odd) => {
        says(JSON.stringify(replaced(SNAPSHOT, place, odd)) ?? '');
        const shown = await fetchStatus(address).then(screen, (error: unknown) => error);
        if (typeof shown !== 'string') expect(shown).toBeInstanceOf(OperatorError);
      }),
      { numRuns: 400 * SCALE },
    );
  });

  it('sends events that are shown, or left out', { timeout: 60_000 * SCALE }, async () => {
    const { address, says } = await impostor();
    const shown = async (events: readonly unknown[]) => {
      says(events.map((event) => `event: x\ndata: ${JSON.stringify(event) ?? ''}\n\n`).join(''));
      const lines: string[] = [];
      for await (const followed of followEvents(address, { follow: false })) {
        if (followed.kind === 'event') lines.push(renderEvent(followed.event, { colour: true, width: 80 }));
      }
      return lines;
    };
    expect(await shown(EVENTS)).toHaveLength(EVENTS.length);
    const places = EVENTS.flatMap((event) => placesIn(event).map((place) => ({ event, place })));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), oddValue, async ({ event, place }, odd) => {
        expect((await shown([replaced(event, place, odd), EVENTS[1]])).length).toBeGreaterThanOrEqual(1);
      }),
      { numRuns: 400 * SCALE },
    );
  });
});
