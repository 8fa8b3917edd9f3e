import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { entryOf } from '../../src/domain/entry.ts';
import { encodeLine, type RecordLine } from '../../src/operator/recording.ts';
import { RecordError } from '../../src/replay/record-error.ts';
import { type ReplayResult, replayFile } from '../../src/replay/replay-file.ts';
import { SCALE } from '../endurance/scale.ts';
import { RULES } from '../support/accounts.ts';
import { HOSTILE_FILES } from '../support/hostile-files.ts';
import { oddValue, placesIn, replaced } from '../support/odd-values.ts';
import { NAMES } from '../support/stage.ts';

const folder = mkdtempSync(join(tmpdir(), 'records-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'record.jsonl');

const START = Date.parse('2026-03-01T02:00:00Z');
const at = (milliseconds: number) => ({ time: new Date(START + milliseconds).toISOString() });
const entry = (mode: string, date = '0') =>
  entryOf('uid=anna', {
    uid: 'anna',
    sstProvisioningMode: mode,
    sstProvisioningState: '0',
    sstProvisioningDate: date,
    entryCSN: '20260301020000.000000Z#000000#000#000000',
  });
const of = (mode: string) => ({ uid: 'anna', dn: 'uid=anna', mode });

/** A record with a line of each kind, as a service writes it. */
const LINES: readonly RecordLine[] = [
  {
    kind: 'header',
    ...at(0),
    version: '1.0.0',
    settings: {
      attributes: NAMES,
      accounts: RULES,
      timeZone: 'Europe/Zurich',
      concurrency: 8,
      instances: 'one',
      retry: {
        temporary: { attempts: 5, initial: 50, max: 1_000 },
        script: { attempts: 2, initial: 50, max: 1_000 },
      },
      longestHandlerMilliseconds: 60_000,
      behindAfterMilliseconds: 300_000,
      dryRun: false,
    },
    continued: false,
  },
  {
    kind: 'change',
    ...at(1),
    change: { kind: 'connected', url: 'ldap://a', protocol: 'syncrepl', server: 'OpenLDAP', fencing: 'version' },
  },
  { kind: 'change', ...at(2), change: { kind: 'refreshing' } },
  { kind: 'change', ...at(3), change: { kind: 'entry', change: 'refresh', entry: entry('add') } },
  { kind: 'change', ...at(4), change: { kind: 'refreshed', entries: 1, milliseconds: 2, directoryTime: START } },
  { kind: 'answer', ...at(5), answer: { operation: 'host', target: 'anna' } },
  { kind: 'event', event: { ...at(6), event: 'queued', ...of('add') } },
  { kind: 'answer', ...at(7), answer: { operation: 'modify', target: 'uid=anna', entry: entry('adding') } },
  { kind: 'event', event: { ...at(8), event: 'claimed', ...of('adding'), job: '1' } },
  {
    kind: 'outcome',
    ...at(9),
    uid: 'anna',
    outcome: {
      ok: false,
      timings: [{ name: 'script', milliseconds: 1.5 }],
      step: 'script',
      returnValue: 75,
      reason: 'later',
      retry: 'temporary',
      aborted: false,
    },
  },
  { kind: 'gap', ...at(10), lines: 3 },
  { kind: 'change', ...at(11), change: { kind: 'entry', change: 'modify', entry: entry('add', '20990101') } },
  { kind: 'change', ...at(12), change: { kind: 'left', dn: 'uid=anna', entryUUID: 'u' } },
  {
    kind: 'change',
    ...at(13),
    change: { kind: 'disconnected', url: 'ldap://a', reason: 'reset', remedy: 'wait', resultCode: 52 },
  },
  { kind: 'change', ...at(14), change: { kind: 'reconnecting', url: 'ldap://a', attempt: 1, inMilliseconds: 100 } },
  { kind: 'event', event: { ...at(90_000_000), event: 'stopped', exitCode: 0 } },
];
const TEXTS = LINES.map((line) => encodeLine(line, NAMES));

const replay = (path = file): Promise<ReplayResult> =>
  replayFile(path, { pace: () => Promise.resolve(), told: () => {}, note: () => {} });

/** What a replay of the lines comes to: nothing, or the sentence of a RecordError. Anything else is a bug. */
async function fault(lines: readonly string[]): Promise<string> {
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  return replay().then(
    () => '',
    (error: unknown) => {
      if (error instanceof RecordError) return error.message;
      throw error;
    },
  );
}

const PLACES = TEXTS.flatMap((text, index) => placesIn(JSON.parse(text)).map((place) => ({ index, place })));

describe('a record that somebody has changed', () => {
  it('is replayed as long as nobody has', async () => {
    expect(await fault(TEXTS)).toBe('');
  });

  it('is replayed or refused with a sentence, whatever stands in whichever place', {
    timeout: 60_000 * SCALE,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...PLACES), oddValue, async ({ index, place }, odd) => {
        const line = JSON.stringify(replaced(JSON.parse(TEXTS[index] ?? ''), place, odd));
        expect(await fault(TEXTS.with(index, line))).not.toMatch(/\n|TypeError/);
      }),
      { numRuns: 500 * SCALE },
    );
  });

  it.each([
    ['concurrency', 0, 'settings.concurrency'],
    ['concurrency', 1e9, 'settings.concurrency'],
    ['timeZone', 'Mars/Olympus', 'settings.timeZone: expected a time zone such as Europe/Zurich'],
    ['retry', {}, 'settings.retry.temporary'],
    ['attributes', { mode: 1 }, 'settings.attributes.mode'],
    ['longestHandlerMilliseconds', -1, 'settings.longestHandlerMilliseconds'],
    ['instances', 'both', 'settings.instances'],
  ])('says where it is odd: %s %j', async (key, odd, words) => {
    const header = JSON.stringify(replaced(JSON.parse(TEXTS[0] ?? ''), ['settings', key], odd));
    expect(await fault(TEXTS.with(0, header))).toContain(`${file}, line 1: ${words}`);
  });

  it('may not last for ever', async () => {
    const last = '{"time":"9999-12-31T00:00:00.000Z","change":{"kind":"refreshing"}}';
    expect(await fault([...TEXTS, last])).toBe(`${file}, line 17: its time is decades after the beginning`);
  });
});

describe('a record that is no file, or too large', () => {
  it.each(HOSTILE_FILES)('is refused where it is %s', async (_title, put, named) => {
    const path = put(mkdtempSync(join(folder, 'hostile-')));
    await expect(replay(path)).rejects.toThrow(named);
    await expect(replay(path)).rejects.toBeInstanceOf(RecordError);
  });

  it('is refused with the line that has no end', async () => {
    writeFileSync(file, `${TEXTS[0]}\n`);
    truncateSync(file, 300_000_000);
    await expect(replay()).rejects.toThrow(`${file}, line 2: it has more than 64 MiB`);
  });

  it('is replayed in a time that grows with its length only, also where all of it is about one account', async () => {
    const line = `${TEXTS[6]}\n`.repeat(1_000);
    writeFileSync(file, `${TEXTS[0]}\n`);
    for (let thousands = 0; thousands < 60; thousands += 1) appendFileSync(file, line);
    const started = performance.now();
    expect((await replay()).differing).toBe(1);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
