import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manyAccounts } from '../support/accounts.ts';
import { accessibilityFaults, openPage, startBrowser, type WatchedPage } from '../support/browser.ts';
import { freePort } from '../support/free-port.ts';
import { type RunningService, setUpService } from '../support/running-service.ts';
import { type Slapd, startSlapd } from '../support/slapd.ts';

const ASKED = { sstProvisioningMode: 'add', sstProvisioningState: '0' };
const BURST = 2_000;
const FIRST = 3_700_000;
/** Uids that end in 77 fail, one hangs, and 3700150 fails with words that are markup. */
const SCRIPT = `case "$2" in
  *77) echo begun; echo "quota: server timeout for $2" >&2; exit 6 ;;
  3700150) echo '<img src=x onerror=alert(1)>' >&2; exit 5 ;;
  3700100) sleep 60 ;;
esac`;
/** The most rows that may be rendered at any time. */
const MOST_ROWS = 80;

let slapd: Slapd;
let service: RunningService;
let browser: Browser;
let watched: WatchedPage;
let page: Page;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'page-'));
  slapd = await startSlapd({ preload: manyAccounts(BURST, ASKED, FIRST) });
  const listen = `127.0.0.1:${await freePort()}`;
  service = await setUpService({
    url: slapd.url,
    script: SCRIPT,
    settings: { script: { killGrace: '100ms' }, operator: { listen }, journal: { directory: join(folder, 'journal') } },
  });
  browser = await startBrowser();
  watched = await openPage(browser, `http://${listen}`);
  page = watched.page;
  await service.start({ wait: false });
  await service.outputMatches(/\bconnected\b/);
  await page.goto(`http://${listen}/`);
});
afterAll(async () => {
  await browser?.close();
  await service?.remove();
  await slapd?.stop();
  await rm(folder, { recursive: true, force: true });
});

const headline = () => page.locator('.headline').innerText();
const rows = () => page.locator('.row').count();
const fits = () => page.evaluate('document.documentElement.scrollWidth <= window.innerWidth');

describe('the live page', () => {
  it('shows a burst of 2,000 accounts while it runs, in few rows', async () => {
    await expect.poll(headline).toMatch(/in work/);
    await expect.poll(() => page.locator('.lane .bar.open').count()).toBeGreaterThan(0);
    await expect.poll(() => page.locator('.density .aside').innerText()).toMatch(/^[1-9]\d* done/);
    expect(await rows()).toBeLessThan(MOST_ROWS);
  });

  it('groups failures by cause, each with the command to paste', async () => {
    const cause = page.locator('.cause', { hasText: 'quota: server timeout' });
    await expect.poll(() => cause.innerText()).toMatch(/^\d+ ×\s*6 CANNOT_SET_QUOTA/);
    await expect.poll(() => cause.locator('code').innerText()).toMatch(/^prov-backup-rsnapshot retry /);
    await cause.locator('.what').click();
    await expect
      .poll(() => page.locator('.lane').allInnerTexts())
      .toSatisfy((lanes: string[]) => lanes.length > 0 && lanes.every((lane) => lane.includes('77')));
    expect(page.url()).toContain('cause=');
    await cause.locator('.what').click();
    await expect.poll(() => page.url()).not.toContain('cause=');
  });

  it('opens an account by click: what it is, what happened, and what the script said', async () => {
    await page.locator('.lane', { hasText: '3700150' }).click();
    const panel = page.getByRole('complementary', { name: 'account 3700150' });
    await expect.poll(() => panel.innerText()).toMatch(/failed .* ago: 5 /);
    await expect
      .poll(() => panel.innerText())
      .toMatch(
        /according to the journal.*! <img src=x onerror=alert\(1\)>.*failed after .* with code 5.*requests add/s,
      );
    expect(await panel.locator('code').allInnerTexts()).toContain('prov-backup-rsnapshot retry 3700150');
    expect(page.url()).toContain('uid=3700150');
    await page.keyboard.press('Escape');
    await expect.poll(() => panel.count()).toBe(0);
  });

  it('is used by keys: filter, move, open, close', async () => {
    await page.keyboard.press('/');
    await page.keyboard.type('3700177');
    await expect.poll(() => page.locator('.lane').count()).toBe(1);
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await expect.poll(() => page.locator('.lanes').getAttribute('aria-activedescendant')).toBe('row-1');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('.opened h2').innerText()).toMatch(/^3700177/);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'all accounts' }).click();
    await expect.poll(() => page.locator('.lane').count()).toBeGreaterThan(5);
  });

  it('holds the view while it goes on, and goes live again', async () => {
    await page.locator('.lanes').focus();
    await page.keyboard.press(' ');
    await expect.poll(() => page.url()).toContain('at=');
    const held = await page.locator('.axis').innerText();
    await slapd.addAccount('8000001', ASKED);
    await expect.poll(() => page.locator('.hold').innerText()).toMatch(/live \(\+\d+\)/);
    expect(await page.locator('.axis').innerText()).toBe(held);
    await page.keyboard.press('End');
    await expect.poll(() => page.url()).not.toContain('at=');
    const axis = (await page.locator('.axis .track').boundingBox()) ?? { x: 0, y: 0 };
    await page.mouse.move(axis.x + 300, axis.y + 10);
    await page.mouse.down();
    for (let moved = 0; moved < 60; moved += 3) await page.mouse.move(axis.x + 300 + moved, axis.y + 10);
    await page.mouse.up();
    await expect.poll(() => page.url()).toContain('at=');
    await page.keyboard.press('End');
    await page.keyboard.press('+');
    await expect.poll(() => page.url()).toContain('span=1m');
    await page.keyboard.press('-');
  });

  it.each([400, 2_000])('is usable by everybody, light and dark, at %d pixels', async (width) => {
    await page.setViewportSize({ width, height: 900 });
    await expect.poll(fits).toBe(true);
    await page.locator('.lane.failed').first().click();
    await expect.poll(() => page.locator('.opened .history li').count()).toBeGreaterThan(0);
    expect(await fits()).toBe(true);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await accessibilityFaults(page)).toEqual([]);
    }
    await page.keyboard.press('Escape');
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(await rows()).toBeLessThan(MOST_ROWS);
  });

  it('has all accounts at the end of the burst, but for the one that hangs', { timeout: 60_000 }, async () => {
    await page.setViewportSize({ width: 1_200, height: 900 });
    const done = BURST - 20 - 2 + 1;
    await expect
      .poll(() => page.locator('.toggle', { hasText: 'done' }).innerText(), { timeout: 50_000 })
      .toMatch(new RegExp(`${done}$`));
    await expect.poll(headline).toMatch(/21 accounts failed/);
    expect(await page.locator('.lane.inWork').innerText()).toContain('3700100');
  });

  it('asks no other host for anything, breaks no rule of its policy and logs no error', () => {
    expect(watched.faults).toEqual([]);
    expect(watched.foreign).toEqual([]);
  });

  it('says that the service is away, and follows it again when it is back', async () => {
    await service.stop('SIGKILL');
    await expect.poll(headline).toMatch(/The service does not answer\s+showing .* ago\s+trying again/);
    expect(await page.locator('.page.stale').count()).toBe(1);
    await service.start();
    await expect.poll(() => page.locator('.page.stale').count()).toBe(0);
    await expect.poll(headline).toMatch(/21 accounts failed/);
    // The past stays, and comes from the journal for who opens the page anew.
    const done = () => page.locator('.toggle', { hasText: 'done' }).innerText();
    expect(await done()).toMatch(/19\d\d$/);
    await page.reload();
    await expect.poll(done).toMatch(/\d\d\d$/);
    expect(await page.locator('.density .aside').innerText()).not.toMatch(/^0 done/);
  });

  it('says that the service is cut off from the directory', async () => {
    await slapd.halt();
    await expect.poll(headline).toMatch(/Cut off from the directory.*connection refused.*to do:/s);
    await expect.poll(() => page.locator('.facts .bad').innerText()).toMatch(/^directory/);
    expect(watched.faults.filter((fault) => !/ERR_(?:CONNECTION_REFUSED|INCOMPLETE_CHUNKED)/.test(fault))).toEqual([]);
  });
});
