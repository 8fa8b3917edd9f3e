import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { renderEvent, renderJson } from '../../src/observability/render-event.ts';
import { encodeGap, encodeHeader, encodePureStep } from '../../src/replay/recording.ts';
import { RecordingError } from '../../src/replay/recording-error.ts';
import { type ReplayResult, replayFile } from '../../src/replay/replay-file.ts';
import type { PureStep } from '../../streams/turn/pure-steps.ts';
import { SCALE } from '../endurance/scale.ts';
import { NAMES, RULES } from '../support/accounts.ts';
import { HOSTILE_FILES } from '../support/hostile-files.ts';
import { type Fault, MemoryDirectory } from '../support/memory-directory.ts';
import { oddValue, placesIn, replaced } from '../support/odd-values.ts';
import { failed, Stage, SUCCEEDED } from '../support/stage.ts';

const folder = mkdtempSync(join(tmpdir(), 'records-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'record.jsonl');

const TIME = '2026-03-01T02:00:00.000Z';
const SCHEDULE = { attempts: 3, initial: 5_000, max: 20_000 };
const HEADER = encodeHeader(TIME, '1.0.0', {
  attributes: NAMES,
  accounts: RULES,
  instances: 'one',
  retry: { temporary: SCHEDULE, script: SCHEDULE },
});

/** A recording with each kind of line and input, as services write it. */
async function recordOfAll(): Promise<string[]> {
  vi.useFakeTimers();
  const steps: PureStep[] = [];
  for (const fencing of ['version', 'token'] as const) {
    const directory = new MemoryDirectory();
    directory.fencing = fencing;
    const faults: Fault[] = [];
    directory.fault = () => faults.shift();
    const ends = [failed(75), failed(6)];
    /** What each outcome meets on its way to the directory. */
    const onTheWay: Array<Fault | undefined> = [undefined, undefined, 'lostBefore', 'lostAfter'];
    const stage = new Stage({
      directory,
      runHandler: async () => {
        faults.push(...[onTheWay.shift()].filter((fault) => fault !== undefined));
        return ends.shift() ?? SUCCEEDED;
      },
    });
    const running = stage.run();
    await vi.advanceTimersByTimeAsync(10);
    directory.create('anna');
    await vi.advanceTimersByTimeAsync(50_000);
    for (const onTheWayThere of ['lostBefore', 'lostAfter'] as const) {
      faults.push(onTheWayThere);
      directory.write('anna', { sstProvisioningMode: 'modify', sstProvisioningState: '0' });
      await vi.advanceTimersByTimeAsync(50_000);
    }
    running.unsubscribe();
    steps.push(...stage.steps);
  }
  vi.useRealTimers();
  return [HEADER, ...steps.map((step) => encodePureStep(TIME, step, NAMES)), encodeGap(TIME, 3)];
}

const TEXTS = await recordOfAll();

const replay = (path = file): Promise<ReplayResult> =>
  replayFile(path, {
    pace: () => Promise.resolve(),
    onEvent: (event) => {
      const printed = [renderEvent(event, { colour: false }), renderJson(event)].join('');
      if (/\p{Cc}/u.test(printed)) throw new Error(`prints ${JSON.stringify(printed)}`);
    },
    onNotice: () => {},
  });

/**
 * The message of the RecordingError with which a replay of the lines fails; empty if it succeeds.
 * Any other error is a bug.
 */
async function fault(lines: readonly string[]): Promise<string> {
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  return replay().then(
    ({ differences }) => differences.find(({ replayed }) => replayed.includes('prints'))?.replayed ?? '',
    (error: unknown) => {
      if (error instanceof RecordingError) return error.message;
      throw error;
    },
  );
}

const PLACES = TEXTS.flatMap((text, index) => placesIn(JSON.parse(text)).map((place) => ({ index, place })));

describe('a recording that somebody has changed', () => {
  it('is replayed as long as nobody has, and has each kind of step and of input', async () => {
    expect(await fault(TEXTS)).toBe('');
    const lines = TEXTS.map((text) => JSON.parse(text));
    const kinds = new Set(lines.map(({ step, input }) => (input === undefined ? step : `${step} ${input.got}`)));
    expect([...kinds].filter((kind) => kind !== undefined).sort()).toEqual([
      ...['afterHandler', 'beginClaim', 'beginWriteBack', 'decide'],
      ...['entry', 'error', 'judgement', 'objection', 'time'].map((got) => `stepClaim ${got}`),
      ...['error', 'standing', 'time', 'written'].map((got) => `stepWriteBack ${got}`),
    ]);
  });

  it('is replayed or refused with a sentence, whatever stands in whichever place', {
    timeout: 60_000 * SCALE,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...PLACES), oddValue, async ({ index, place }, odd) => {
        const line = JSON.stringify(replaced(JSON.parse(TEXTS[index] ?? ''), place, odd));
        expect(await fault(TEXTS.with(index, line))).not.toMatch(/\n|TypeError|prints/);
      }),
      { numRuns: 200 * SCALE },
    );
  });

  it.each([
    ['accounts', null, 'settings.accounts'],
    ['retry', {}, 'settings.retry.temporary'],
    ['attributes', { mode: 1 }, 'settings.attributes.mode'],
    ['instances', 'both', 'settings.instances'],
  ])('says where it is odd: %s %j', async (key, odd, words) => {
    const header = JSON.stringify(replaced(JSON.parse(TEXTS[0] ?? ''), ['settings', key], odd));
    expect(await fault(TEXTS.with(0, header))).toContain(`${file}, line 1: ${words}`);
  });
});

describe('a recording with values within values', () => {
  it.each([1_000, 2_000, 4_000, 8_000, 100_000])(
    'is replayed or refused with a sentence: %i of them',
    async (depth) => {
      const deep = `${'['.repeat(depth)}${']'.repeat(depth)}`;
      const nested = `${'{"state":'.repeat(depth)}1${'}'.repeat(depth)}`;
      const lines = TEXTS.map((text) => text.replace('"uid":', `"state":${nested},"next":${deep},"uid":`));
      expect(await fault(lines)).toMatch(/^$|line \d+: this is not a line of a recording/);
      const ends = TEXTS.map((text) => text.replace(/"next":.*/, `"next":${deep}}`));
      expect(await fault(ends)).toMatch(/^$|line \d+: this is not a line of a recording/);
    },
  );
});

describe('a recording that is no file, or too large', () => {
  it.each(HOSTILE_FILES)('is refused where it is %s', async (_title, put, named) => {
    const path = put(mkdtempSync(join(folder, 'hostile-')));
    await expect(replay(path)).rejects.toThrow(named);
    await expect(replay(path)).rejects.toBeInstanceOf(RecordingError);
  });

  it('is refused with the line that has no end', async () => {
    writeFileSync(file, `${TEXTS[0]}\n`);
    truncateSync(file, 300_000_000);
    await expect(replay()).rejects.toThrow(`${file}, line 2: the line has more than 64 MiB`);
  });
});
