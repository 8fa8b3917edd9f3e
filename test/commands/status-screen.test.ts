import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderFailures } from '../../src/commands/failed-screen.ts';
import { renderStatus } from '../../src/commands/status-screen.ts';
import { exitCodeFor } from '../../src/commands/troubles.ts';
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
    busy: 8,
    stuck: 0,
    oldest: {},
    attempts: [],
    failures: many(Math.min(count, 100), (n) => ({
      returnValue: 6,
      step: 'quota',
      cause: `no room for ${n}`,
      count: 1,
      uids: [`u${n}`],
    })),
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
    outlets: [],
    failed: many(count, (n) => ({ ...account(n), returnValue: 6, step: 'quota', reason: 'CANNOT_SET_QUOTA: no room' })),
    retrying: many(count, (n) => ({ ...account(n), attempt: 2, reason: 'code 75', dueAt: '2026-03-01T02:00:05.000Z' })),
    deferred: many(count, (n) => ({ ...account(n), until: '20260401' })),
    waiting: many(count, (n) => ({ ...account(n), reason: 'sstIsActive is TRUE' })),
    pauses: [],
    rates: [{ minutes: 1, received: 1, claimed: 2, finished: 3, failed: 4 }],
    ...overrides,
  };
}

const shown = (status: ServiceSnapshot, size: { columns?: number; rows?: number } = {}) =>
  renderStatus(status, { colour: false, columns: 80, rows: 24, ...size });

let zone: string | undefined;
beforeAll(() => {
  zone = process.env['TZ'];
  process.env['TZ'] = 'Europe/Zurich';
});
afterAll(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

/** 118 failures of three causes, 8 of 8 places hung, and a queue. */
function badNight(): ServiceSnapshot {
  const failures = [
    { cause: 'quota: server timeout', returnValue: 6, count: 112 },
    { cause: 'mkdir: no space left on device, while /var/backup was being prepared', returnValue: 5, count: 5 },
    { returnValue: 4, count: 1 },
  ];
  const since = { first: '2026-02-27T23:30:00.000Z', last: '2026-03-01T01:58:11.000Z' };
  return snapshot(8, {
    stuck: 8,
    inWork: many(8, (n) => ({ ...account(n), ...WORKING, resumed: false, stuck: true })),
    failures: failures.map((group) => ({
      ...group,
      step: 'script',
      ...since,
      uids: ['3724300', '3724301', '3724302'],
    })),
    queued: many(40, account),
    oldest: { queued: '2026-03-01T01:52:00.000Z' },
    attempts: [{ mode: 'add', attempts: 200, p50: 1_100, p95: 2_000 }],
    rates: [1, 5, 15].map((minutes) => ({ minutes, received: 1, claimed: 2, finished: 3, failed: 4 })),
    counts: { open: 178, queued: 40, inWork: 8, retrying: 8, failed: 118, deferred: 8, waiting: 8 },
  });
}

describe('the outlets on the status screen', () => {
  const file = { outlet: 'log file', where: '/var/log/a.log', lost: 0 } as const;

  it('turn the headline when one cannot be written, and say what was lost', () => {
    const outlets = [
      file,
      { outlet: 'syslog', where: '/dev/log', lost: 12, failure: 'nothing reads from the socket' },
    ] as const;
    const screen = shown(snapshot(0, { outlets }));
    expect(screen).toMatch(/^connected, but the syslog CANNOT BE WRITTEN$/m);
    expect(screen.replace(/\n +/g, ' ')).toMatch(
      /^syslog +cannot be written \(nothing reads from the socket\): 12 lines were lost, check \/dev\/log$/m,
    );
    expect(exitCodeFor(snapshot(0, { outlets }))).toBe(1);
  });

  it('turn the headline also when notifications cannot be sent', () => {
    const receiver = {
      receiver: 'mail',
      target: 'smtp://m',
      sent: 0,
      failed: 3,
      lost: 0,
      queued: 1,
      failure: 'refused',
    } as const;
    const notify = { receivers: [receiver], held: 0 };
    expect(shown(snapshot(0, { notify }))).toMatch(/^connected, but the mail CANNOT BE SENT$/m);
    expect(exitCodeFor(snapshot(0, { notify }))).toBe(1);
  });

  it('are shown without an alarm if they lost something before, or have little free space', () => {
    const outlets = [
      { ...file, lost: 1 },
      { outlet: 'journal', where: '/j', lost: 0, freeBytes: 2 ** 24 },
    ] as const;
    const screen = shown(snapshot(0, { outlets }));
    expect(screen).toMatch(/^log file +is written again: 1 line was lost, check \/var\/log\/a.log$/m);
    expect(screen).toMatch(/^journal +only 16 MiB are free, check \/j$/m);
    expect(screen).toMatch(/^connected and up to date/);
    expect(exitCodeFor(snapshot(0, { outlets }))).toBe(0);
    expect(shown(snapshot(0, { outlets: [{ ...file, freeBytes: 2 ** 30 }] }))).not.toMatch(/log file/);
  });
});

describe('the status screen', () => {
  it.each([
    [24, 80],
    [24, 60],
    [40, 80],
    [60, 200],
  ])('is one screen of %i rows and %i columns, however much there is, and counts all of it', (rows, columns) => {
    for (const status of [snapshot(1000), badNight()]) {
      const lines = shown(status, { rows, columns }).split('\n');
      expect(lines.length).toBeLessThanOrEqual(rows + (columns === 60 ? 8 : 6));
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
      expect(lines.join(' ')).toMatch(/and \d+ more/);
    }
  });

  it('says nothing of leases with one service', () => {
    expect(shown(snapshot(2))).not.toMatch(/leases|others/);
  });

  it('says which leases the service holds, who else is there, and which accounts others have', () => {
    const leases = {
      holder: 'web1/25:1/b',
      ...{ held: 3, paused: 1, oldestRenewalMilliseconds: 4_000, own: [] },
      others: [{ uid: 'anna', holder: 'web2/25:7/b', is: 'held', unchangedMilliseconds: 3_000 }],
      services: [
        { holder: 'web2/25:7/b', state: 'silent', unchangedMilliseconds: 12_000, waitedFor: 1 },
        { holder: 'web3/25:7/b', state: 'present', unchangedMilliseconds: 900, waitedFor: 0 },
        { holder: 'web4/25:7/b', state: 'silent', unchangedMilliseconds: 9_000_000, waitedFor: 0 },
      ],
    } as const;
    const screen = shown(snapshot(0, { leases }), { columns: 160 });
    expect(screen).toContain(
      "leases     3 held, the oldest renewed 4 s ago by this service's clock; 1 kept during a pause",
    );
    expect(screen).toContain(
      'others     web2 (lock 25:7) is SILENT for 12 s; 1 account here waits for its leases; web3 (lock 25:7) is present; 1 silent',
    );
    expect(screen).toContain(
      'accounts whose lease another service holds\n  anna  web2 (lock 25:7)  held, seen unchanged for 3 s',
    );
  });

  it('says first, on 24 rows of 80 columns, what an operator is woken up for', () => {
    const lines = shown(snapshot(2, { ...badNight(), retrying: [], deferred: [], waiting: [] })).split('\n');
    const { counts } = badNight();
    const usual = shown({
      ...badNight(),
      counts: { ...counts, retrying: 0, deferred: 0, waiting: 0 },
    }).split('\n');
    expect(lines[0]).toBe('connected, but 8 accounts are STUCK in work, for 60 s');
    expect(usual.length).toBeLessThanOrEqual(24);
    expect(usual.join('\n')).toContain(
      '  112 x 6 "quota: server timeout" in script, since 2026-02-28 00:30:00: 3724300\n        3724301 ...',
    );
    expect(usual.join('\n')).toContain('workers    8 of 8 busy; 40 queued, the first for 8 min');
    expect(usual.join('\n')).toContain('p50 / p95  add 1.1 s / 2 s');
    expect(usual.join('\n')).toMatch(/queued: waiting for a worker \(8 of 8 busy\)/);
    expect(usual.join('\n')).toMatch(/u0 {2}adding {2}60 s {2}STUCK: step script for 60 s/);
  });

  it('shows local times with the name of their zone once, and the day where it is not today', () => {
    const screen = shown(badNight(), { columns: 200, rows: 60 });
    expect(screen).toMatch(/times are CET$/m);
    // 23:30 UTC two days before is the day before in Zurich.
    expect(screen).toContain('1 x 4 CANNOT_CHECK_HOME_DIR_PRESENCE in script, since 2026-02-28 00:30:00: 3724300');
    expect(screen).not.toMatch(/\dZ\b/);
  });

  it('wraps what is long below its column', () => {
    const lines = shown(badNight(), { rows: 60 }).split('\n');
    const begin = lines.findIndex((line) => line.includes('no space left'));
    expect(lines[begin]).toMatch(/^ {4}5 x 5 "mkdir/);
    expect(lines[begin + 1]).toMatch(/^ {8}\S/);
  });

  it('says of each account how long, in which step, until when', () => {
    const screen = shown(snapshot(2), { rows: 100, columns: 200 });
    expect(screen).toMatch(/^ {2}u1 {2}adding {2}60 s {2}step script for 60 s, resumed$/m);
    expect(screen).toMatch(/^ {2}u0 {2}adding {2}until 2026-04-01$/m);
    expect(screen).toMatch(/^ {2}u0 {2}adding {2}attempt 2 at 03:00:05: code 75; first failed at 02:59:00$/m);
  });

  it('leaves out the lists that are empty', () => {
    const screen = shown(snapshot(0));
    expect(screen).not.toMatch(/^(.*accounts failed|in work$|deferred$|waiting$|retrying$)/m);
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
    const screen = shown(snapshot(0, { ready: false, connection }));
    expect(screen).toMatch(
      /^NOT CONNECTED\ndirectory {2}ldap:\/\/a\nreason {5}refused\nto do {6}start it\nattempt {4}7$/m,
    );
  });

  it('lets nothing from the directory or a script move the cursor', () => {
    const connection = { phase: 'live', server: 'evil\u001b[2J\nfailed 0', url: 'ldap://a' } as const;
    const failures = [{ returnValue: 1, count: 1, uids: ['x\ny'], cause: 'x\u001b[31m\u202e\ny' }];
    const screen = shown(snapshot(0, { connection, failures, counts: { ...snapshot(0).counts, failed: 1 } }));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it finds control characters
    expect(screen).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(screen).toContain('x\\x1b[31m\\u202e\\ny');
  });
});

describe('the failures, asked for', () => {
  it('are all of them, by their causes, with each uid', () => {
    const failed = many(100, (n) => ({
      ...account(n),
      returnValue: 6,
      step: 'script',
      reason: 'r',
      cause: `no disk ${n}`,
    }));
    const screen = renderFailures(
      snapshot(0, { failed: [...failed, { ...account(100), returnValue: 4, reason: 'r' }] }),
      80,
    );
    expect(screen).toMatch(/^100 x 6 "no disk 0" in script; 02:59:00 to 02:59:00$/m);
    expect(screen).toMatch(/^1 x 4 CANNOT_CHECK_HOME_DIR_PRESENCE; /m);
    for (const n of [0, 50, 99, 100]) expect(screen).toMatch(new RegExp(`\\bu${n}\\b`));
    for (const line of screen.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});
