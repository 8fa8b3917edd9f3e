import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { Subject } from 'rxjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AccountsView, Condition } from '../../src/domain/condition.ts';
import type { PublishedEvent, StreamEvent } from '../../src/domain/event.ts';
import { PAGE_FILES, type ReadPageFile } from '../../src/operator/page.ts';
import { type OperatorServer, type OperatorServerOptions, startOperatorServer } from '../../src/operator/server.ts';
import { openPage, startBrowser, type WatchedPage } from '../support/browser.ts';

const DIST = join(import.meta.dirname, '../../dist/src/page');
const MANY = 5_000;
/** The most rows that may be rendered at any time. */
const MOST_ROWS = 80;

const DROPPED = /^prov_operator_readers_dropped_total (\d+)$/m;

const NO_HISTORY = { ofAccount: async () => ({ items: [] }), within: async () => ({ events: [] }) };
const readPage: ReadPageFile = (name) => readFile(join(DIST, name));

let browser: Browser;
let operator: OperatorServer;
let events$: Subject<PublishedEvent>;
let failed: Condition[];
let watched: WatchedPage;

beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());
beforeEach(() => {
  events$ = new Subject();
  failed = [];
});
afterEach(async () => {
  await watched.page.context().close();
  await operator.close();
});

const NO_COUNTS = { open: 0, queued: 0, inWork: 0, retrying: 0, failed: 0, deferred: 0, waiting: 0 };
const accounts: AccountsView = {
  slots: 8,
  busy: 0,
  counts: () => ({ ...NO_COUNTS, open: failed.length, failed: failed.length }),
  conditions: () => failed,
};

async function open(options: Partial<OperatorServerOptions> = {}): Promise<WatchedPage['page']> {
  operator = await startOperatorServer({
    ...{ listen: '127.0.0.1:0', events$, version: '1.2.3', now: Date.now, accounts, limitMilliseconds: () => 60_000 },
    ...{ page: readPage, history: NO_HISTORY, ...options },
  });
  emit({ event: 'connected', url: 'ldap://a', protocol: 'syncrepl', server: 'OpenLDAP' });
  emit({ event: 'refreshed', entries: 0, milliseconds: 3 });
  const origin = `http://${operator.address}`;
  watched = await openPage(browser, origin);
  await watched.page.goto(origin);
  await expect.poll(() => watched.page.locator('.facts').innerText()).toContain('page live');
  return watched.page;
}

function emit(event: StreamEvent): void {
  events$.next({ time: new Date().toISOString(), ...event } as PublishedEvent);
}

const of = (index: number) => ({
  uid: `u${index}`,
  dn: `uid=u${index},dc=example,dc=org`,
  mode: 'add',
  job: `j${index}`,
});

describe('an idle page', () => {
  it('says that there is nothing to do, and when an account was last done', async () => {
    const page = await open();
    const headline = () => page.locator('.headline').innerText();
    await expect.poll(headline).toMatch(/^●\s*Nothing to do\s+connected for \d+ s$/);
    emit({ event: 'finished', state: '', milliseconds: 5, ...of(1) });
    await expect.poll(headline).toMatch(/Nothing to do\s+the last account was done at \d\d:\d\d:\d\d\s+connected/);
    expect(watched.faults).toEqual([]);
    expect(watched.foreign).toEqual([]);
  });
});

describe('5,000 accounts in the page', () => {
  it('have a lane each, of which only those in view are rendered', async () => {
    failed = Array.from({ length: MANY }, (_, index) => ({
      ...of(index),
      ...{
        condition: 'failed',
        since: Date.now() - 1_000,
        returnValue: 6,
        reason: 'it failed',
        cause: `no quota for u${index}`,
      },
    }));
    const page = await open();
    for (let index = 0; index < MANY; index += 1) {
      emit({
        event: 'failed',
        returnValue: 6,
        reason: 'it failed',
        step: 'script',
        cause: 'no quota',
        ...of(index),
      });
    }
    await expect.poll(() => page.locator('.row.head').first().innerText()).toMatch(/100 of 5000/);
    expect(await page.locator('.cause').allInnerTexts()).toEqual([expect.stringContaining('5000 ×')]);
    await page.getByRole('button', { name: 'show a lane for each' }).click();
    const lanes = page.locator('.lanes');
    await expect.poll(() => lanes.getAttribute('aria-rowcount')).toBe(`${MANY + 1}`);
    expect(await page.locator('.row').count()).toBeLessThan(MOST_ROWS);
    await lanes.evaluate((list) => list.scrollTo(0, list.scrollHeight));
    await expect.poll(() => page.locator('.lane').last().getAttribute('aria-rowindex')).toBe(`${MANY + 1}`);
    expect(await page.locator('.row').count()).toBeLessThan(MOST_ROWS);
    await page.getByPlaceholder('uid or DN').fill('u4321');
    await expect.poll(() => page.locator('.lane').count()).toBe(1);
    expect(await page.locator('.density .aside').innerText()).toBe('0 done, 5000 failed');
    expect(watched.faults).toEqual([]);
  });
});

describe('a page that cannot follow', () => {
  it('learns what it missed, shows the gap, and continues', async () => {
    const page = await open({ backlog: { events: 50, characters: 1_000_000 } });
    emit({ event: 'finished', state: '', milliseconds: 5, ...of(1) });
    await expect.poll(() => page.locator('.lane.done').count()).toBe(1);
    // More at once than the service keeps: it drops the reader.
    for (let index = 0; index < 500; index += 1) emit({ event: 'queued', ...of(index) });
    await expect.poll(() => page.locator('.gap').count()).toBeGreaterThan(0);
    await expect.poll(() => page.locator('.facts').innerText()).toContain('page live');
    emit({ event: 'finished', state: '', milliseconds: 5, ...of(9_999) });
    await page.getByPlaceholder('uid or DN').fill('u9999');
    await expect.poll(() => page.locator('.lane.done').count()).toBe(1);
  });

  it('is not held up by another reader that takes nothing', async () => {
    const page = await open({ backlog: { events: 500, characters: 1_000_000 } });
    const port = Number(operator.address.split(':').pop());
    const idle = connect(port, '127.0.0.1');
    idle.pause().write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const dropped = async () => (await (await fetch(`http://${operator.address}/metrics`)).text()).match(DROPPED)?.[1];
    const reason = 'x'.repeat(2_000);
    await expect
      .poll(async () => {
        for (let index = 0; index < 100; index += 1) emit({ event: 'waiting', reason, ...of(index) });
        return dropped();
      })
      .not.toBe('0');
    idle.destroy();
    emit({ event: 'waiting', reason: 'the last one', ...of(77_777) });
    await page.getByPlaceholder('uid or DN').fill('u77777');
    await expect.poll(() => page.locator('.lane').count()).toBe(1);
  });
});

describe('the files of the page', () => {
  it('take at most 25 kB together, compressed', async () => {
    await open();
    const sizes = await Promise.all(
      PAGE_FILES.map(async (name) => gzipSync(await readPage(name), { level: 9 }).length),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(25_000);
  });

  it('are sent compressed with a strict policy, and are in no other page', async () => {
    await open();
    const origin = `http://${operator.address}`;
    for (const path of ['/', '/page.js', '/page.css', '/icon.svg']) {
      const { status, headers } = await fetch(`${origin}${path}`);
      expect(status).toBe(200);
      expect(headers.get('content-encoding')).toBe('gzip');
      expect(headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; .*frame-ancestors 'none'; require-trusted-types-for 'script'/,
      );
    }
    const plain = await fetch(origin, { headers: { 'accept-encoding': 'identity' } });
    expect(await plain.text()).toBe(await readFile(join(DIST, 'index.html'), 'utf8'));
  });
});
