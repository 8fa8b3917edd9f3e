import { describe, expect, it } from 'vitest';
import type { StreamEvent } from '../../src/domain/event.ts';
import type { LogLevel } from '../../src/observability/log/log-line.ts';
import { createEventLog } from '../../src/observability/log-events.ts';

const TIME = '2026-03-01T10:00:00.250Z';
const account = { uid: '3724300', dn: 'uid=3724300,dc=example', mode: 'adding', job: 'k3f9-1' };
const disconnected = { event: 'disconnected', url: 'ldap://a', reason: 'connection reset' } as const;

/** The log lines for these events, as `level message field=value ...`. */
function linesFor(events: readonly StreamEvent[], debug = false): string[] {
  const lines: string[] = [];
  const write = createEventLog({
    isLevelEnabled: (level: LogLevel) => debug || level !== 'debug',
    log: ({ level, message, time, ...fields }) => {
      expect(time).toBe(TIME);
      const pairs = Object.entries(fields).filter(([, value]) => value !== undefined);
      lines.push([level, message, ...pairs.map(([key, value]) => `${key}=${value}`)].join(' '));
    },
  });
  for (const event of events) write({ time: TIME, ...event });
  return lines;
}

describe('the log of the events', () => {
  it('has one info line for a finished account, and the lines of its script', () => {
    expect(
      linesFor([
        { event: 'received', change: 'modify', ...account },
        { event: 'queued', ...account },
        { event: 'claimed', ...account },
        { event: 'output', stream: 'stdout', line: 'created', ...account },
        { event: 'step', name: 'script', outcome: 'done', milliseconds: 3, ...account },
        { event: 'finished', state: '20260301T100000Z', milliseconds: 5, ...account, mode: 'added' },
        { event: 'left', why: 'finished', ...account },
      ]),
    ).toEqual([
      'info script output uid=3724300 mode=adding job=k3f9-1 stream=stdout line=created',
      'info account finished uid=3724300 mode=added job=k3f9-1 milliseconds=5 state=20260301T100000Z',
    ]);
  });

  it('has every step at the level debug', () => {
    expect(
      linesFor(
        [{ event: 'step', name: 'script', outcome: 'done', milliseconds: 3, ...account }, { event: 'refreshing' }],
        true,
      ),
    ).toEqual([
      'debug step name=script outcome=done milliseconds=3 uid=3724300 dn=uid=3724300,dc=example mode=adding job=k3f9-1',
      'debug refreshing',
    ]);
  });

  it('warns of what mends itself', () => {
    const reason = 'why';
    expect(
      linesFor([
        { event: 'retrying', attempt: 2, inMilliseconds: 5_000, reason, ...account },
        { event: 'superseded', reason, ...account },
        { event: 'conflict', reason, ...account },
        { event: 'resumed', ...account },
        disconnected,
        { ...disconnected, reason: 'busy', resultCode: 51 },
      ]).map((line) => line.split(' ')[0]),
    ).toEqual(['warn', 'warn', 'warn', 'warn', 'warn', 'warn']);
  });

  it("calls for a person where another service claims what is to be this one's alone", () => {
    const remedy = 'stop the other service';
    const [line] = linesFor([{ event: 'conflict', reason: 'cn=other claimed the account', remedy, ...account }]);
    expect(line).toMatch(/^error .*cn=other claimed the account/);
    expect(line).toContain(remedy);
  });

  it('calls for a person with the remedy', () => {
    expect(
      linesFor([
        { event: 'failed', returnValue: 5, reason: 'no space', step: 'script', modifiedBy: 'cn=admin', ...account },
        { ...disconnected, resultCode: 49, remedy: 'check the password' },
        { event: 'stopped', exitCode: 1, interrupted: 0 },
        { event: 'stopped', exitCode: 1, interrupted: 8 },
      ]),
    ).toEqual([
      'error account failed uid=3724300 mode=adding job=k3f9-1 step=script returnValue=5 reason=no space modifiedBy=cn=admin remedy=fix the cause, then run: prov-backup-rsnapshot retry -c FILE 3724300',
      'error disconnected url=ldap://a reason=connection reset remedy=check the password',
      'error stopped exitCode=1',
      'error stopped exitCode=1 interrupted=8 remedy=the interrupted accounts are resumed at the next start',
    ]);
  });

  it('calls for a person when the directory stays away, until it is back', () => {
    const refreshed = { event: 'refreshed', entries: 0, milliseconds: 1 } as const;
    const events = [...Array(5).fill(disconnected), refreshed, disconnected];
    expect(linesFor(events).map((line) => line.split(' ')[0])).toEqual(['warn', 'error', 'info', 'warn']);
  });

  it('says the cause of an outage once an hour, and that an outcome waits for its end once', () => {
    const { url, reason } = disconnected;
    const retrying = { event: 'retrying', attempt: 2, inMilliseconds: 100, reason, ...account } as const;
    const times = ['10:00:00', '10:59:59', '11:00:00', '11:59:59'].map((time) => `2026-03-01T${time}.000Z`);
    const lines: string[] = [];
    const write = createEventLog({
      isLevelEnabled: (level: LogLevel) => level !== 'debug',
      log: ({ message, time }) => lines.push(`${String(time).slice(11, 16)} ${message}`),
    });
    for (const time of times) {
      write({ time, event: 'disconnected', url, reason, resultCode: 49 });
      write({ time, ...retrying });
    }
    expect(lines).toEqual(['10:00 disconnected', '10:00 account tried again later', '11:00 disconnected']);
  });

  it('calls for a person where the directory refuses an account, and tells each account that it holds up', () => {
    const { job: _, ...claiming } = account;
    const retrying = {
      event: 'retrying',
      attempt: 2,
      inMilliseconds: 100,
      resultCode: 53,
      reason: 'read-only',
    } as const;
    const other = { ...claiming, uid: '3724301', dn: 'uid=3724301,dc=example' };
    expect(
      linesFor([
        { ...retrying, ...claiming },
        { ...retrying, ...claiming },
        { ...retrying, ...other },
        { ...retrying, ...other, resultCode: 51, reason: 'busy' },
        { event: 'skipped', dn: 'cn=x', reason: 'no right to write', resultCode: 50 },
      ]).map((line) => line.replace(/ mode=.*reason=/, ' ')),
    ).toEqual([
      'error account tried again later uid=3724300 read-only',
      'error account tried again later uid=3724301 read-only',
      'warn account tried again later uid=3724301 busy',
      'error account skipped dn=cn=x reason=no right to write',
    ]);
  });

  it('says once what each list finds again', () => {
    const skipped = { event: 'skipped', dn: 'cn=x', reason: 'the entry has no uid' } as const;
    const deferred = { event: 'deferred', until: '20260401', ...account, mode: 'add' } as const;
    const waiting = { event: 'waiting', reason: 'still active', ...account, mode: 'delete' } as const;
    expect(linesFor([skipped, skipped, deferred, deferred, waiting, waiting, { ...skipped, reason: 'other' }])).toEqual(
      [
        'warn account skipped dn=cn=x reason=the entry has no uid',
        'info account deferred uid=3724300 mode=add job=k3f9-1 until=20260401',
        'info account waits uid=3724300 mode=delete job=k3f9-1 reason=still active',
        'warn account skipped dn=cn=x reason=other',
      ],
    );
  });

  it('says once of an entry what its DN in another spelling would say again', () => {
    const skipped = { event: 'skipped', reason: 'the entry has no uid' } as const;
    const [one, other] = ['cn=a\\, b,dc=example', 'CN="a, b", dc=example'];
    expect(linesFor([one, other].map((dn) => ({ ...skipped, dn })))).toHaveLength(1);
  });

  it('forgets what it said long ago, so that its memory is bounded', () => {
    const skip = (number: number): StreamEvent => ({ event: 'skipped', dn: `cn=${number}`, reason: 'no uid' });
    const many = Array.from({ length: 10_001 }, (_, number) => skip(number));
    expect(linesFor([...many, skip(0), skip(10_000)])).toHaveLength(10_002);
  });
});
