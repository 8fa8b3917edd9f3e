import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DirectoryEntry, entryOf } from '../../src/domain/entry.ts';
import type { StreamEvent } from '../../src/domain/event.ts';
import type { HandlerOutcome } from '../../src/domain/job.ts';
import { encodeLine, type RecordLine } from '../../src/operator/recording.ts';
import { replayFile } from '../../src/replay/replay-file.ts';
import { RULES } from '../support/accounts.ts';
import { NAMES } from '../support/stage.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'replay-'));
});
afterAll(() => rm(folder, { recursive: true }));

const START = Date.parse('2026-03-01T02:00:00Z');
const at = (milliseconds: number) => ({ time: new Date(START + milliseconds).toISOString() });
const of = (uid: string, mode: string) => ({ uid, dn: `uid=${uid}`, mode });
const account = (uid: string, mode: string): DirectoryEntry =>
  entryOf(`uid=${uid}`, {
    uid,
    sstProvisioningMode: mode,
    sstProvisioningState: '0',
    sstProvisioningExecutionDate: '0',
  });
const event = (milliseconds: number, told: StreamEvent): RecordLine => ({
  kind: 'event',
  event: { ...at(milliseconds), ...told },
});
const TRY_AGAIN = {
  ok: false,
  timings: [],
  step: 'script',
  returnValue: 75,
  reason: 'the script asks to be tried again later',
  retry: 'temporary',
  aborted: false,
} as const satisfies HandlerOutcome;

const HEADER: Extract<RecordLine, { kind: 'header' }> = {
  kind: 'header',
  ...at(0),
  version: '1.0.0',
  settings: {
    attributes: NAMES,
    timeZone: 'UTC',
    concurrency: 8,
    instances: 'one',
    retry: {
      temporary: { attempts: 5, initial: 50, max: 1_000 },
      script: { attempts: 1, initial: 50, max: 1_000 },
    },
    longestHandlerMilliseconds: 60_000,
    behindAfterMilliseconds: 300_000,
    dryRun: false,
  },
  continued: false,
};

/** An account is asked for, claimed, and pauses from the 30th millisecond on, for 50 of them. */
function pauses(uid: string): { asked: RecordLine[]; claimed: RecordLine[]; ended: RecordLine; told: RecordLine } {
  const entry = account(uid, 'adding');
  return {
    asked: [
      { kind: 'change', ...at(10), change: { kind: 'entry', change: 'add', entry: account(uid, 'add') } },
      event(10, { event: 'queued', ...of(uid, 'add') }),
    ],
    claimed: [
      { kind: 'answer', ...at(20), answer: { operation: 'modify', target: `uid=${uid}`, entry } },
      event(20, { event: 'claimed', ...of(uid, 'adding'), job: `job of ${uid}` }),
    ],
    ended: { kind: 'outcome', ...at(30), uid, outcome: TRY_AGAIN },
    told: event(30, {
      event: 'retrying',
      attempt: 2,
      inMilliseconds: 50,
      reason: TRY_AGAIN.reason,
      ...of(uid, 'adding'),
    }),
  };
}

async function replay(lines: readonly RecordLine[]) {
  const file = join(folder, 'night.jsonl');
  await writeFile(file, lines.map((line) => `${encodeLine(line, NAMES)}\n`).join(''));
  return replayFile(file, { pace: () => Promise.resolve(), told: () => {}, note: () => {} });
}

describe('a replay', () => {
  it('lets a pause end only where the record does, though another one that began with it has ended', async () => {
    const [one, two] = [pauses('one'), pauses('two')];
    const both = [two, one];
    const result = await replay([
      HEADER,
      ...both.flatMap(({ asked }) => asked),
      ...both.flatMap(({ claimed }) => claimed),
      ...both.map(({ ended }) => ended),
      ...both.map(({ told }) => told),
      event(81, { event: 'queued', ...of('one', 'adding') }),
      { kind: 'change', ...at(82), change: { kind: 'entry', change: 'modify', entry: account('two', 'modify') } },
      event(82, { event: 'queued', ...of('two', 'modify') }),
      event(82, { event: 'superseded', reason: 'a newer request was written', ...of('two', 'adding') }),
    ]);
    expect(result).toMatchObject({ differing: 0, differences: [], same: 7 });
  });

  it('skips an account that the host objected to, as the service that was recorded did', async () => {
    const reason = 'this host knows www by the number 33';
    const judging = { ...HEADER, settings: { ...HEADER.settings, accounts: RULES } };
    const { asked } = pauses('www');
    const result = await replay([
      judging,
      ...asked,
      { kind: 'answer', ...at(20), answer: { operation: 'host', target: 'www', error: { message: reason } } },
      event(20, { event: 'skipped', reason, uid: 'www', dn: 'uid=www' }),
    ]);
    expect(result).toMatchObject({ differing: 0, differences: [], same: 2 });
  });
});
