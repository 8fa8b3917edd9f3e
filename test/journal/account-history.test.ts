import { describe, expect, it } from 'vitest';
import { itemLines, summaryLines } from '../../src/commands/history-text.ts';
import type { PublishedEvent, StreamEvent } from '../../src/domain/event.ts';
import { AccountHistory } from '../../src/journal/account-history.ts';
import type { HistoryItem } from '../../src/journal/history-item.ts';
import { Summary } from '../../src/journal/history-summary.ts';
import { useTimeZone } from '../support/time-zone.ts';

useTimeZone('UTC');

const ADMIN = 'cn=admin,dc=stoney-cloud,dc=org';
const account = { uid: '3724300', dn: 'uid=3724300,ou=accounts,ou=backup,dc=stoney-cloud,dc=org' };
const asked = { ...account, mode: 'add' };
const working = (job: string) => ({ ...account, mode: 'adding', job });

/** The events, one a second. */
function timed(events: readonly StreamEvent[]): PublishedEvent[] {
  const start = Date.UTC(2026, 10, 27, 11, 0, 40);
  return events.map((event, index) => ({ time: new Date(start + index * 1_000).toISOString(), ...event }));
}

function historyOf(...events: readonly StreamEvent[]): HistoryItem[] {
  const history = new AccountHistory();
  return [...timed(events).flatMap((event) => history.take(event)), ...history.end()];
}

const short = (items: readonly HistoryItem[]) =>
  items.map((item) => {
    if (item.kind === 'attempt') return `${item.job} ${item.mode} ${item.resumed ? 'resumed ' : ''}${item.end.as}`;
    return item.kind === 'request' ? `${item.modifiedBy ?? 'somebody'}: ${item.mode}` : item.kind;
  });

const received = (change = 'modify', mode = 'add'): StreamEvent => ({
  event: 'received',
  change,
  modifiedBy: ADMIN,
  ...account,
  mode,
});
const queued: StreamEvent = { event: 'queued', ...asked };
const claimed = (job: string): StreamEvent => ({ event: 'claimed', ...working(job) });
const resumed = (job: string): StreamEvent => ({ event: 'resumed', ...working(job) });
const step = (job: string): StreamEvent => ({
  event: 'step',
  name: 'script',
  outcome: 'failed',
  returnValue: 6,
  milliseconds: 1_200,
  ...working(job),
});
const said = (job: string, line: string): StreamEvent => ({ event: 'output', stream: 'stderr', line, ...working(job) });
const finished = (job: string): StreamEvent => ({
  event: 'finished',
  state: '20261127T110045Z',
  milliseconds: 1_300,
  ...working(job),
  mode: 'added',
});
const failed = (job: string, cause = 'quota: server timeout'): StreamEvent => ({
  event: 'failed',
  returnValue: 6,
  reason: 'CANNOT_SET_QUOTA: the script ended with exit code 6; its output says why',
  step: 'script',
  cause,
  ...working(job),
});
const retrying = (job: string): StreamEvent => ({
  event: 'retrying',
  attempt: 2,
  inMilliseconds: 5_000,
  reason: 'the script asks to be tried again later (75, EX_TEMPFAIL)',
  ...working(job),
});

describe('the history of an account', () => {
  it('has who asked, each attempt with its steps and output, how it ended and how long it took', () => {
    const items = historyOf(received(), queued, claimed('a-1'), said('a-1', 'no quota'), step('a-1'), failed('a-1'));
    expect(items).toEqual([
      { kind: 'request', time: '2026-11-27T11:00:40.000Z', mode: 'add', modifiedBy: ADMIN },
      {
        kind: 'attempt',
        time: '2026-11-27T11:00:42.000Z',
        job: 'a-1',
        mode: 'add',
        resumed: false,
        queuedMilliseconds: 1_000,
        steps: [{ name: 'script', outcome: 'failed', returnValue: 6, milliseconds: 1_200 }],
        output: [{ stream: 'stderr', line: 'no quota' }],
        earlierLines: 0,
        end: expect.objectContaining({ as: 'failed', returnValue: 6, cause: 'quota: server timeout' }),
        milliseconds: 3_000,
      },
    ]);
  });

  it('has an attempt that a later one took up as interrupted, and the last one as open', () => {
    expect(short(historyOf(received(), claimed('a-1'), resumed('b-1'), finished('b-1')))).toEqual([
      `${ADMIN}: add`,
      'a-1 add interrupted',
      'b-1 add resumed finished',
    ]);
    expect(short(historyOf(claimed('a-1'), step('a-1')))).toEqual(['a-1 add unknown']);
  });

  it('has a failed attempt that is tried again as an attempt of its own', () => {
    const items = historyOf(claimed('a-1'), retrying('a-1'), resumed('a-2'), finished('a-2'));
    expect(short(items)).toEqual(['a-1 add retrying', 'a-2 add resumed finished']);
  });

  it('has an outcome that waits for the directory as one attempt, with its end', () => {
    expect(short(historyOf(claimed('a-1'), retrying('a-1'), retrying('a-1'), finished('a-1')))).toEqual([
      'a-1 add finished',
    ]);
  });

  it('does not repeat what each list and each start of the service says again', () => {
    const stands: StreamEvent = { event: 'skipped', reason: 'it failed', returnValue: 6, ...working('x') };
    const deferred: StreamEvent = { event: 'deferred', until: '20991231', ...asked };
    expect(short(historyOf(failed('a-1'), stands, stands))).toEqual(['a-1 add failed']);
    expect(short(historyOf(stands, stands))).toEqual(['note']);
    const again = [received('refresh'), deferred];
    expect(short(historyOf(received(), deferred, ...again, ...again))).toEqual([`${ADMIN}: add`, 'note']);
    // Somebody who asks once more has asked once more.
    expect(short(historyOf(received(), received()))).toHaveLength(2);
  });

  it('begins in the midst of an attempt where the journal does', () => {
    expect(short(historyOf(step('a-1'), finished('a-1')))).toEqual(['a-1 add finished']);
  });

  it('keeps the last lines of the script, and how many there were', () => {
    const lines = Array.from({ length: 50 }, (_, index) => said('a-1', `line ${index}`));
    const [item] = historyOf(claimed('a-1'), ...lines);
    expect(item).toMatchObject({ earlierLines: 30 });
    expect(item?.kind === 'attempt' && item.output.at(-1)?.line).toBe('line 49');
  });

  it('fits the columns of the terminal, whatever it holds', () => {
    const items = historyOf(
      received(),
      queued,
      claimed('a-1'),
      said('a-1', `/${'x'.repeat(300)} and \u001b[31m more`),
      step('a-1'),
      failed('a-1'),
      { event: 'skipped', reason: 'a reason '.repeat(20), ...account },
    );
    const lines = items.flatMap((item) => itemLines(item, { width: 80 }));
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.join('\n')).not.toContain('\u001b');
    expect(lines.slice(0, 2)).toEqual([
      '2026-11-27 11:00:40  cn=admin,dc=stoney-cloud,dc=org requests add',
      '2026-11-27 11:00:42  attempt a-1 to add, 1 s after it was queued',
    ]);
    expect(lines).toContain('2026-11-27 11:00:45  failed after 3 s with code 6 CANNOT_SET_QUOTA in step');
  });
});

describe('the summary of a time', () => {
  function summaryOf(...events: readonly StreamEvent[]) {
    const summary = new Summary();
    for (const event of timed(events)) summary.take(event);
    return summary.result();
  }

  it('groups failures by code, step and last words, whichever account they name', () => {
    const other = { uid: '3724301', dn: 'uid=3724301' };
    const { outcomes } = summaryOf(
      failed('a-1', 'quota of 3724300: timeout'),
      { ...failed('a-2', 'quota of 3724301: timeout'), ...other } as StreamEvent,
      failed('a-3', 'disk full'),
      finished('a-4'),
    );
    expect(outcomes.map(({ event, count, cause, uids }) => [event, count, cause, uids])).toEqual([
      ['failed', 2, 'quota of {uid}: timeout', ['3724300', '3724301']],
      ['failed', 1, 'disk full', ['3724300']],
      ['finished', 1, undefined, ['3724300']],
    ]);
  });

  it('counts requests by who wrote them, and nothing that is in work or finished', () => {
    expect(
      summaryOf(received(), received(), received('modify', 'adding'), received('modify', 'snapshot')).requests,
    ).toEqual([{ modifiedBy: ADMIN, mode: 'add', count: 2 }]);
  });

  it('takes bounded memory for any number of causes', () => {
    const summary = new Summary();
    // Numbers do not tell causes apart.
    const cause = (n: number) => String(n).replace(/\d/g, (digit) => 'ghijklmnop'.charAt(Number(digit)));
    for (let n = 0; n < 3_000; n += 1) summary.take({ time: '2026-11-27T11:00:40Z', ...failed('a-1', cause(n)) });
    const { outcomes, ungrouped } = summary.result();
    expect([outcomes.length, ungrouped]).toEqual([1_000, 2_000]);
  });

  it('fits the columns of the terminal', () => {
    const lines = summaryLines(summaryOf(received(), failed('a-1', 'word '.repeat(60)), finished('a-2')), {
      width: 80,
    });
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines).toContain(`      1 x add, by ${ADMIN}`);
    expect(lines.join('\n')).toContain('at 2026-11-27 11:00:41: 3724300');
  });

  it('says so where nothing happened', () => {
    expect(summaryLines(summaryOf(), { width: 80 })).toEqual(['There were no requests and no outcomes.']);
  });
});
