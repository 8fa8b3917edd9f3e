import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT_NAMES, type PublishedEvent, type StreamEvent } from '../../src/domain/event.ts';
import { describeEvent } from '../../src/observability/describe-event.ts';
import { renderEvent, renderJson } from '../../src/observability/render-event.ts';
import { anyText } from '../support/any-text.ts';
import { useTimeZone } from '../support/time-zone.ts';

const URL = 'ldap://ldap1.example.org';
const account = { uid: '3724300', dn: 'uid=3724300,ou=accounts,dc=example,dc=org' };
const adding = { ...account, mode: 'adding', job: 'k3f9-123' };

const NO_SPACE = { step: 'script', cause: 'mkdir: no space left' };

const STORY: readonly StreamEvent[] = [
  { event: 'connected', url: URL, protocol: 'syncrepl', server: 'OpenLDAP' },
  { event: 'refreshing' },
  { event: 'refreshed', entries: 1, milliseconds: 12.34 },
  { event: 'received', change: 'refresh', entryUUID: '5a1c', modifiedBy: 'cn=admin', ...account, mode: 'add' },
  { event: 'received', change: 'modify', modifiedBy: 'cn=admin', ...account, mode: 'delete' },
  { event: 'received', change: 'refresh', ...adding },
  { event: 'queued', ...account, mode: 'add' },
  { event: 'claimed', ...adding },
  { event: 'output', stream: 'stdout', line: 'created /home/3724300', ...adding },
  { event: 'output', stream: 'stderr', line: 'the disk is 91 % full', ...adding },
  { event: 'step', name: 'script', outcome: 'done', milliseconds: 3.21, ...adding },
  { event: 'finished', state: '20260301T100000Z', milliseconds: 5.678, ...adding, mode: 'added' },
  { event: 'failed', returnValue: 5, reason: 'CANNOT_CREATE_HOME_DIR: see its output', ...NO_SPACE, ...adding },
  { event: 'failed', returnValue: 99, reason: 'see its output', step: 'script', modifiedBy: 'cn=admin', ...adding },
  { event: 'retrying', attempt: 2, inMilliseconds: 5_000, reason: 'the script asked for it', ...adding },
  { event: 'superseded', reason: 'a newer request was written: delete', ...adding },
  { event: 'conflict', reason: 'somebody else changed the account', ...account, mode: 'add' },
  { event: 'resumed', ...adding },
  { event: 'skipped', reason: 'the entry has no uid', dn: 'cn=x,dc=example,dc=org' },
  { event: 'skipped', reason: 'it failed', returnValue: 6, failedAt: '2026-02-28T09:00:00Z', ...adding },
  { event: 'deferred', until: '20260401', ...account, mode: 'modify' },
  { event: 'waiting', reason: 'sstIsActive is not FALSE yet', ...account, mode: 'delete' },
  { event: 'left', why: 'finished', ...account, mode: 'added', modifiedBy: 'cn=admin' },
  { event: 'left', why: 'moved', ...account, movedTo: 'uid=3724300,ou=old,dc=example' },
  { event: 'left', why: 'moved', ...account },
  { event: 'left', why: 'deleted', ...account },
  { event: 'left', why: 'unknown', dn: account.dn },
  { event: 'disconnected', url: URL, reason: `${URL}: connection reset`, remedy: 'see whether the directory runs' },
  { event: 'reconnecting', url: URL, attempt: 3, inMilliseconds: 400 },
  { event: 'paused', by: 'operator', holds: 'everything', reason: 'the disk is replaced', who: 'alice (1000)' },
  { event: 'paused', by: 'brake', holds: 'deletes', reason: '20 deletes have begun' },
  { event: 'resumedWork', by: 'brake', milliseconds: 60_000, who: 'alice (1000)' },
  { event: 'resumedWork', by: 'switch', milliseconds: 3_000 },
  { event: 'reloaded', changed: ['concurrency', 'log.level'], needRestart: ['timeZone'], who: 'alice (1000)' },
  { event: 'reloaded', changed: [], needRestart: [] },
  { event: 'draining', inWork: 2, queued: 5, graceMilliseconds: 30_000 },
  { event: 'stopped', exitCode: 0, interrupted: 0 },
  { event: 'stopped', exitCode: 1, interrupted: 8 },
  { event: 'step', name: 'script', outcome: 'failed', returnValue: 6, milliseconds: 1_100, ...adding },
  { event: 'step', name: 'script', outcome: 'killed', milliseconds: 1_100, ...adding },
  { event: 'step', name: 'script', outcome: 'timedOut', milliseconds: 600_000, ...adding },
  { event: 'step', name: 'script', outcome: 'interrupted', milliseconds: 1_100, ...adding },
];

const published = (event: StreamEvent): PublishedEvent => ({ time: '2026-03-01T10:00:00.250Z', ...event });
const plain = (event: StreamEvent, width?: number): string =>
  renderEvent(published(event), { colour: false, ...(width === undefined ? {} : { width }) });

useTimeZone('UTC');

describe('an event for a person', () => {
  it('is one aligned line that needs no manual', () => {
    expect(STORY.map((event) => plain(event))).toEqual([
      '10:00:00.250  connected     to ldap://ldap1.example.org by syncrepl, OpenLDAP',
      '10:00:00.250  refreshing    listing the open accounts',
      '10:00:00.250  refreshed     1 open account listed in 12 ms',
      '10:00:00.250  received      3724300    add                 listed as open, changed by cn=admin, requests add',
      '10:00:00.250  received      3724300    delete              changed by cn=admin, requests delete',
      '10:00:00.250  received      3724300    adding    k3f9-123  listed as open, is adding',
      '10:00:00.250  queued        3724300    add                 for a worker',
      '10:00:00.250  claimed       3724300    adding    k3f9-123  the work begins',
      '10:00:00.250  output        3724300    adding    k3f9-123  | created /home/3724300',
      '10:00:00.250  output        3724300    adding    k3f9-123  ! the disk is 91 % full',
      '10:00:00.250  step          3724300    adding    k3f9-123  script done in 3.2 ms',
      '10:00:00.250  finished      3724300    added     k3f9-123  in 5.7 ms',
      '10:00:00.250  failed        3724300    adding    k3f9-123  code 5 in script: "mkdir: no space left"; CANNOT_CREATE_HOME_DIR: see its output',
      '10:00:00.250  failed        3724300    adding    k3f9-123  code 99 in script; see its output; requested by cn=admin',
      '10:00:00.250  retrying      3724300    adding    k3f9-123  in 5 s (attempt 2): the script asked for it',
      '10:00:00.250  superseded    3724300    adding    k3f9-123  a newer request was written: delete',
      '10:00:00.250  conflict      3724300    add                 somebody else changed the account',
      '10:00:00.250  resumed       3724300    adding    k3f9-123  an interrupted attempt is resumed',
      '10:00:00.250  skipped       cn=x,dc=example,dc=org: the entry has no uid',
      '10:00:00.250  skipped       3724300    adding    k3f9-123  it failed; it ended with code 6 CANNOT_SET_QUOTA at 2026-02-28 09:00:00 UTC',
      '10:00:00.250  deferred      3724300    modify              until 2026-04-01',
      '10:00:00.250  waiting       3724300    delete              sstIsActive is not FALSE yet',
      '10:00:00.250  left          3724300    added               was finished as added by cn=admin',
      '10:00:00.250  left          3724300                        is no longer seen: it is uid=3724300,ou=old,dc=example now',
      '10:00:00.250  left          3724300                        is no longer seen: it has another mode, or does not match directory.filter',
      '10:00:00.250  left          3724300                        was deleted, or moved to where the service may not read',
      '10:00:00.250  left          uid=3724300,ou=accounts,dc=example,dc=org is no longer an open account',
      '10:00:00.250  disconnected  from ldap://ldap1.example.org: connection reset; see whether the directory runs',
      '10:00:00.250  reconnecting  to ldap://ldap1.example.org in 400 ms (try 3)',
      '10:00:00.250  paused        by alice (1000), so no new work begins: the disk is replaced',
      '10:00:00.250  paused        by the brake, so no delete begins: 20 deletes have begun',
      '10:00:00.250  resumedWork   by alice (1000): the pause by the brake is over after 60 s',
      '10:00:00.250  resumedWork   the pause by the switch is over after 3 s',
      '10:00:00.250  reloaded      by alice (1000): changed: concurrency, log.level; a restart is needed for timeZone',
      '10:00:00.250  reloaded      nothing has changed',
      '10:00:00.250  draining      2 in work, 5 queued; at most 30 s',
      '10:00:00.250  stopped       with exit code 0',
      '10:00:00.250  stopped       with exit code 1; 8 accounts interrupted, resumed at the next start',
      '10:00:00.250  step          3724300    adding    k3f9-123  script failed (6) in 1.1 s',
      '10:00:00.250  step          3724300    adding    k3f9-123  script killed after 1.1 s',
      '10:00:00.250  step          3724300    adding    k3f9-123  script ended at its time limit after 10 min',
      '10:00:00.250  step          3724300    adding    k3f9-123  script interrupted after 1.1 s',
    ]);
  });

  it('is shown here for every name of the vocabulary', () => {
    expect(new Set(STORY.map(({ event }) => event))).toEqual(new Set(EVENT_NAMES));
  });

  it('says the same in colour', () => {
    for (const event of STORY) {
      const coloured = renderEvent(published(event), { colour: true });
      expect(stripVTControlCharacters(coloured)).toBe(plain(event));
      expect(coloured).not.toBe(plain(event));
    }
  });

  it.each([60, 80, 119, 120, 140])('fits a terminal of %i columns, with nothing cut', (width) => {
    const words = (text: string) => text.replace(/\s+/g, '');
    for (const event of STORY) {
      const lines = plain(event, width);
      for (const line of lines.split('\n')) expect(line.length).toBeLessThanOrEqual(width);
      expect(words(lines).endsWith(words(describeEvent(event)))).toBe(true);
      expect(stripVTControlCharacters(renderEvent(published(event), { colour: true, width }))).toBe(lines);
    }
  });

  it('shows on 80 columns what matters first, and goes on below it', () => {
    expect(plain(STORY.find(({ event }) => event === 'failed') as StreamEvent, 80).split('\n')).toEqual([
      '10:00:00 failed       3724300  adding    code 5 in script: "mkdir: no space',
      '                                         left"; CANNOT_CREATE_HOME_DIR: see its',
      '                                         output',
    ]);
  });

  it('shows control characters instead of obeying them', () => {
    const line = '\u001b[2J\u009b31mred\r\nforged\tline\u2028\u202e\u0000\ud800';
    expect(plain({ event: 'output', stream: 'stdout', line, ...adding })).toBe(
      '10:00:00.250  output        3724300    adding    k3f9-123  | \\x1b[2J\\x9b31mred\\r\\nforged\\tline\\u2028\\u202e\\x00\\ud800',
    );
  });

  it('is one harmless line whatever the directory and the scripts hold', () => {
    fc.assert(
      fc.property(anyText(), anyText(), (text, dn) => {
        for (const event of [
          { event: 'output', stream: 'stdout', line: text, ...adding },
          { event: 'skipped', reason: text, dn },
          { event: 'left', why: 'unknown', dn },
          { event: 'waiting', reason: text, uid: text, dn, mode: text },
        ] as const) {
          for (const line of [plain(event), renderJson(published(event))]) {
            expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u);
          }
          expect(JSON.parse(renderJson(published(event)))).toEqual(JSON.parse(JSON.stringify(published(event))));
        }
      }),
    );
  });
});
