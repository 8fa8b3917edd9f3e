import { describe, expect, it } from 'vitest';
import { renderStatus } from '../../src/commands/status-screen.ts';
import type { ServiceSnapshot } from '../../src/domain/status.ts';

const TIME = '2026-03-01T02:00:00.000Z';
const many = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n));
const WORKING = {
  doing: 'working',
  attempt: 1,
  begunAt: '2026-03-01T01:59:00.000Z',
  step: 'script',
  stepSince: '2026-03-01T01:59:00.000Z',
  stuck: false,
} as const;
const account = (n: number) => ({ uid: `u${n}`, dn: `uid=u${n}`, mode: 'adding', since: '2026-03-01T01:59:00.000Z' });

function snapshot(count: number, overrides: Partial<ServiceSnapshot> = {}): ServiceSnapshot {
  return {
    time: TIME,
    startedAt: '2026-02-28T02:00:00.000Z',
    version: '1.2.3',
    ready: true,
    connection: {
      phase: 'live',
      since: '2026-03-01T01:00:00.000Z',
      url: 'ldap://a',
      protocol: 'syncrepl',
      server: 'OpenLDAP',
    },
    slots: 8,
    stuck: 0,
    oldest: {},
    attempts: [],
    failures: [],
    queued: [],
    counts: {
      open: 5 * count,
      queued: 0,
      inWork: count,
      retrying: count,
      failed: count,
      deferred: count,
      waiting: count,
    },
    inWork: many(count, (n) => ({ ...account(n), ...WORKING, resumed: n === 1 })),
    failed: many(count, (n) => ({ ...account(n), returnValue: 6, step: 'quota', reason: 'CANNOT_SET_QUOTA: no room' })),
    retrying: many(count, (n) => ({ ...account(n), attempt: 2, reason: 'code 75', dueAt: '2026-03-01T02:00:05.000Z' })),
    deferred: many(count, (n) => ({ ...account(n), until: '20260401' })),
    waiting: many(count, (n) => ({ ...account(n), reason: 'sstIsActive is TRUE' })),
    rates: [{ minutes: 1, received: 1, claimed: 2, finished: 3, failed: 4 }],
    ...overrides,
  };
}

describe('the status screen', () => {
  it.each([24, 40, 60])('is one screen of %i rows, however much there is, and counts all of it', (rows) => {
    const screen = renderStatus(snapshot(1000), { colour: false, rows });
    expect(screen.split('\n').length).toBeLessThanOrEqual(Math.max(rows, 48));
    expect(screen).toMatch(/open 5000 .*in work 1000 .*failed 1000/);
    expect(screen).toMatch(/and \d+ more/);
  });

  it('says of each account how long, in which step, with which code, until when', () => {
    const screen = renderStatus(snapshot(2), { colour: false, rows: 100 });
    expect(screen).toMatch(/^ {2}u0 {2}adding {2}60 s ago {2}code 6 CANNOT_SET_QUOTA {2}quota: no room$/m);
    expect(screen).toMatch(/^ {2}u1 {2}adding {2}for 60 s {2}step script for 60 s, resumed$/m);
    expect(screen).toMatch(/^ {2}u0 {2}adding {2}until 2026-04-01$/m);
    expect(screen).toMatch(/^ {2}u0 {2}adding {2}attempt 2 at 2026-03-01T02:00:05Z {2}code 75$/m);
  });

  it('leaves out the lists that are empty', () => {
    const screen = renderStatus(snapshot(0), { colour: false, rows: 24 });
    expect(screen).not.toMatch(/^(failed:|in work$|deferred$|waiting$|retrying$)/m);
    expect(screen).toMatch(/^connected and up to date, for 60 min/);
  });

  it('says what is wrong with the connection and what to do about it', () => {
    const connection = {
      phase: 'reconnecting',
      url: 'ldap://a',
      reason: 'refused',
      remedy: 'start it',
      attempt: 7,
    } as const;
    const screen = renderStatus(snapshot(0, { ready: false, connection }), { colour: false, rows: 24 });
    expect(screen).toMatch(
      /^NOT CONNECTED\ndirectory {2}ldap:\/\/a\nreason {5}refused\nto do {6}start it\nattempt {4}7$/m,
    );
  });

  it('lets nothing from the directory or a script move the cursor', () => {
    const connection = { phase: 'live', server: 'evil\u001b[2J\nfailed 0' } as const;
    const failed = [{ ...account(0), returnValue: 1, reason: 'x\u001b[31m\u202e\ny' }];
    const screen = renderStatus(snapshot(0, { connection, failed, counts: { ...snapshot(0).counts, failed: 1 } }), {
      colour: false,
      rows: 24,
    });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it finds control characters
    expect(screen).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(screen).toContain('x\\x1b[31m\\u202e\\ny');
  });
});
