import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom } from 'rxjs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { StreamEvent } from '../../src/domain/event.ts';
import type { HandlerOutcome } from '../../src/domain/job.ts';
import { encodeGap, encodeHeader, encodePureStep, type RecordedSettings } from '../../src/replay/recording.ts';
import { type ReplayResult, replayFile } from '../../src/replay/replay-file.ts';
import { takeTurn } from '../../streams/pipeline.ts';

import type { PureStep } from '../../streams/turn/pure-steps.ts';
import { NAMES, RULES } from '../support/accounts.ts';

import { MemoryDirectory } from '../support/memory-directory.ts';
import { failed, Stage, SUCCEEDED } from '../support/stage.ts';

let folder: string;
let directory: MemoryDirectory;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'replay-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => {
  directory = new MemoryDirectory();
});

const SCHEDULE = { attempts: 3, initial: 5_000, max: 20_000 };
const SETTINGS: RecordedSettings = {
  attributes: NAMES,
  accounts: RULES,
  instances: 'one',
  retry: { temporary: SCHEDULE, script: { ...SCHEDULE, attempts: 1 } },
};
const TIME = '2026-03-01T02:00:00.000Z';
const HEADER = encodeHeader(TIME, '1.0.0', SETTINGS);
const later = (milliseconds: number) => new Date(Date.parse(TIME) + milliseconds).toISOString();
const lineOf = (step: PureStep) => encodePureStep(TIME, step, NAMES);

/** The steps of one turn. */
async function turnOf(uid: string, outcome: HandlerOutcome = SUCCEEDED): Promise<readonly PureStep[]> {
  const stage = new Stage({ directory, runHandler: () => Promise.resolve(outcome) });
  await lastValueFrom(takeTurn(stage.candidate(directory.create(uid)), stage.turnDependencies));
  return stage.steps;
}

interface Replayed extends ReplayResult {
  readonly told: readonly string[];
  readonly notes: readonly string[];
  readonly paces: readonly number[];
}

async function replay(lines: readonly string[], uid?: string): Promise<Replayed> {
  const file = join(folder, 'night.jsonl');
  await writeFile(file, lines.map((line) => `${line}\n`).join(''));
  const told: string[] = [];
  const notes: string[] = [];
  const paces: number[] = [];
  const result = await replayFile(file, {
    uid,
    pace: async (milliseconds) => void paces.push(milliseconds),
    onEvent: (event) => told.push(wordOf(event)),
    onNotice: (text) => notes.push(text),
  });
  return { ...result, told, notes, paces };
}

const wordOf = (event: StreamEvent) =>
  `${event.event} ${'uid' in event ? event.uid : ''}${'cause' in event ? `: ${event.cause}` : ''}`;

describe('a replay', () => {
  it('takes each step again, and tells what it told', async () => {
    const ended = { ...failed(6), cause: 'no quota' };
    const lines = [HEADER, ...[...(await turnOf('a')), ...(await turnOf('b', ended))].map(lineOf)];
    expect(await replay(lines)).toMatchObject({
      same: lines.length - 1,
      differing: 0,
      unfinished: 0,
      told: ['claimed a', 'finished a', 'claimed b', 'failed b: no quota'],
    });
  });

  it('is of one account where only that is wanted, whatever the case of its uid', async () => {
    const lines = [HEADER, ...[...(await turnOf('a')), ...(await turnOf('b'))].map(lineOf)];
    expect((await replay(lines, 'B')).told).toEqual(['claimed b', 'finished b']);
  });

  it('tells of an account whose step comes out otherwise, and takes the steps after it as recorded', async () => {
    const [begin, ...rest] = [...(await turnOf('a')), ...(await turnOf('b'))].map(lineOf);
    const changed = begin?.replace('"at":"judging"', '"at":"reading"') ?? '';
    const result = await replay([HEADER, changed, ...rest]);
    expect(result).toMatchObject({
      ...{ differing: 1, same: rest.length },
      told: ['claimed a', 'finished a', 'claimed b', 'finished b'],
    });
    expect(result.differences).toEqual([
      {
        account: 'a',
        recorded: expect.stringContaining('"at":"reading"'),
        replayed: expect.stringContaining('"at":"judging"'),
      },
    ]);
  });

  it('takes an input that its steps do not expect for a difference', async () => {
    const lines = (await turnOf('a')).map(lineOf);
    const [begin = ''] = lines;
    const judged = lines.find((line) => line.includes('"got":"judgement"')) ?? '';
    const passed = judged.replace(/"input":\{.*\},"next"/, '"input":{"got":"time"},"next"');
    expect((await replay([HEADER, begin, passed])).differences[0]?.replayed).toContain(
      'a step that waits for judgement got time',
    );
  });

  it('counts the accounts that were in work when the recording ended, or the service was started again', async () => {
    const steps = await turnOf('a');
    const claimed = steps
      .slice(
        0,
        steps.findIndex(({ step }) => step === 'afterHandler'),
      )
      .map(lineOf);
    expect(await replay([HEADER, ...claimed])).toMatchObject({ unfinished: 1, differing: 0 });
    const again = await replay([HEADER, ...claimed, HEADER, ...steps.map(lineOf)]);
    expect(again).toMatchObject({ unfinished: 1, differing: 0, told: ['claimed a', 'claimed a', 'finished a'] });
    expect(again.notes).toEqual([`recorded ${TIME} by version 1.0.0`, `started again ${TIME} by version 1.0.0`]);
  });

  it('leaves out the line that was cut off when a service was killed, and no other', async () => {
    const lines = (await turnOf('a')).map(lineOf);
    const cut = lines[1]?.slice(0, 50) ?? '';
    expect(await replay([HEADER, lines[0] ?? '', cut, HEADER, ...lines])).toMatchObject({ differing: 0 });
    await expect(replay([HEADER, cut, ...lines])).rejects.toThrow('line 2: this is not a line of a recording');
    await expect(replay([HEADER, cut, cut, HEADER])).rejects.toThrow('line 2');
    await expect(replay([HEADER, cut])).rejects.toThrow('line 2');
  });

  it('takes the other steps of a turn of which lines are missing', async () => {
    const lines = (await turnOf('a')).map(lineOf);
    const half = lines.slice(0, 5);
    expect(await replay([HEADER, ...half, encodeGap(TIME, 1), ...lines.slice(6)])).toMatchObject({
      ...{ gaps: 1, differing: 0, unfinished: 0, same: lines.length - 1, told: ['claimed a', 'finished a'] },
    });
    expect(await replay([HEADER, ...half, encodeGap(TIME, 3)])).toMatchObject({ gaps: 3, unfinished: 0 });
    expect(await replay([HEADER, ...lines.slice(1)])).toMatchObject({ differing: 0, same: lines.length - 1 });
  });

  it.each([
    ['compared', /"conflicts":0/, '"conflicts":7'],
    ['used', /"decision":\{"kind":"claim"/, '"decision":{"kind":"settled"'],
    ['taken', /"decision":\{"kind":"claim"/, '"judgement":{"kind":"claim"'],
  ])('finds a line that somebody has changed where it is %s', async (_title, said, changed) => {
    const lines = (await turnOf('a')).map(lineOf);
    const at = lines.findIndex((line) => line.includes('"got":"judgement"'));
    const line = lines[at]?.replace(said, changed) ?? '';
    expect(line).not.toBe(lines[at]);
    expect(await replay([HEADER, ...lines.with(at, line)])).toMatchObject({ differing: 1, same: lines.length - 1 });
  });

  it('waits between the lines as long as it is asked to', async () => {
    const [step] = await turnOf('a');
    if (step === undefined) throw new Error('no step');
    const lines = [0, 40, 40, 100].map((milliseconds) => encodePureStep(later(milliseconds), step, NAMES));
    expect((await replay([HEADER, ...lines])).paces).toEqual([40, 60]);
  });
});
