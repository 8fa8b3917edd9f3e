import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PublishedEvent } from '../../src/domain/event.ts';
import { jsonOf } from '../../src/notify/message-json.ts';
import { bodyOf, subjectOf, threadId } from '../../src/notify/message-words.ts';
import { Notices } from '../../src/notify/notices.ts';
import type { Message, Report } from '../../src/notify/trouble.ts';
import { TroubleWatch } from '../../src/notify/trouble-watch.ts';
import { fencedBlocks } from '../support/fenced-blocks.ts';
import { useTimeZone } from '../support/time-zone.ts';

useTimeZone('UTC');

const PAGE = 'docs/notifications.md';
const SENDER = {
  service: 'prov-backup-rsnapshot@backup1',
  configFile: '/etc/prov-backup-rsnapshot/prov-backup-rsnapshot.yaml',
};
const TIME = Date.parse('2026-11-28T02:11:05Z');
const MINUTE = 60_000;

/** The night of the page: 112 accounts fail by one cause, which is mended an hour later. */
function messages(): readonly Message[] {
  const notices = new Notices({ quiet: 5 * MINUTE, remind: undefined, mostPerHour: 20 });
  const watch = new TroubleWatch(notices, ['failed', 'disconnected']);
  const taken: Message[] = [];
  const until = (time: number) => {
    for (let due = notices.dueAt(); due <= time; due = notices.dueAt()) {
      const message = notices.take(due);
      if (message !== undefined) taken.push(message);
    }
  };
  const about = (n: number, after: number) => {
    const uid = String(3724300 + n);
    return { time: new Date(TIME + after).toISOString(), uid, dn: `uid=${uid}`, mode: 'adding', job: 'j' };
  };
  const failure = {
    event: 'failed',
    returnValue: 6,
    reason: '',
    step: 'script',
    cause: 'quota: server timeout',
  } as const;
  const failed = (n: number, after: number): PublishedEvent => ({ ...failure, ...about(n, after) });
  const finished = (n: number, after: number): PublishedEvent => ({
    ...{ event: 'finished', state: '', milliseconds: 1 },
    ...about(n, after),
  });
  watch.observe(failed(0, 0));
  until(TIME + MINUTE);
  for (let n = 1; n < 112; n += 1) watch.observe(failed(n, MINUTE + n * 1_000));
  until(TIME + 30 * MINUTE);
  for (let n = 0; n < 112; n += 1) watch.observe(finished(n, 60 * MINUTE));
  until(TIME + 90 * MINUTE);
  return taken;
}

const asText = (message: Message) => `Subject: ${subjectOf(message, SENDER)}\n\n${bodyOf(message, SENDER)}`;

describe('the page about notifications', () => {
  it('shows mails as they are', () => {
    const shown = fencedBlocks(PAGE, '## What a mail looks like', 'text');
    expect(shown).toEqual(messages().map(asText));
  });

  it('shows what a webhook gets', () => {
    const [shown = ''] = fencedBlocks(PAGE, '## What a webhook gets', 'json');
    const [first] = messages();
    expect(JSON.parse(shown)).toEqual(first === undefined ? undefined : JSON.parse(jsonOf(first, SENDER)));
  });
});

const report = (changes: Partial<Report> & { title?: string; words?: string }): Report => ({
  state: 'new',
  trouble: { event: 'failed', key: 'k', title: changes.title ?? 't', words: changes.words },
  ...{ count: 1, added: 1, first: TIME, last: TIME, subjects: [] },
  ...changes,
});
const message = (...reports: readonly Report[]): Message => ({ time: TIME, occasion: 'news', reports });

describe('the text of a message', () => {
  it('has one line as its subject and no control characters, whatever a script or the directory says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.string({ unit: 'binary' }), (said, uid) => {
        const subjects = [{ id: uid, uid, mode: said, since: TIME }];
        const given = message(report({ title: said, words: said, subjects }));
        const subject = subjectOf(given, SENDER);
        expect(subject).not.toMatch(/[\p{Cc}\u2028\u2029\u202e]/u);
        expect(subject.length).toBeLessThanOrEqual(160);
        expect(bodyOf(given, SENDER).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028\u2029\u202e]/u);
        expect(() => JSON.parse(jsonOf(given, SENDER))).not.toThrow();
      }),
    );
  });

  it('fits 80 columns, but for the command to paste', () => {
    const lines = messages().flatMap((each) => bodyOf(each, SENDER).split('\n'));
    expect(lines.filter((line) => line.length > 80 && !line.startsWith('    prov-backup-rsnapshot'))).toEqual([]);
  });

  it('has no uid in its command that a shell could take for something else', () => {
    const subjects = ['-rf', '$(x)', 'a;b', 'ok'].map((uid) => ({ id: uid, uid, since: TIME }));
    const body = bodyOf(message(report({ subjects, count: 4, added: 4 })), { ...SENDER, configFile: "/a b'c" });
    expect(body).toContain("    prov-backup-rsnapshot retry -c '/a b'\\''c' ok\n");
  });

  it('counts what is broken in its subject, and says in the last one of an hour until when it is silent', () => {
    const many = Array.from({ length: 40 }, (_, n) => report({ title: `cause ${n}`, count: 2, added: 2 }));
    const last = { ...message(...many), silentUntil: TIME + 30 * MINUTE };
    expect(subjectOf(last, SENDER)).toBe('[FAILED 80] prov-backup-rsnapshot@backup1: cause 0; and 39 more');
    const body = bodyOf(last, SENDER);
    expect(body).toContain('And 10 more causes: prov-backup-rsnapshot status -c ');
    expect(body.replace(/\n/g, ' ')).toContain('are held until 2026-11-28 02:41:05 UTC');
  });

  it('belongs to the same thread for the same cause, and to another one for another cause', () => {
    const of = (key: string) => threadId(report({ trouble: { event: 'failed', key, title: key } }));
    expect(new Set(['a', 'a', 'b'].map(of)).size).toBe(2);
  });

  it('says of each occasion what it is', () => {
    const still = report({ state: 'still' });
    const words = (given: Message) => [subjectOf(given, SENDER).split(']')[0], bodyOf(given, SENDER).split('\n')[0]];
    expect(words({ ...message(still), occasion: 'reminder' })).toEqual([
      '[STILL FAILED 1',
      'This is a reminder of everything that is still broken.',
    ]);
    expect(words({ ...message(report({})), occasion: 'stop' })[1]).toBe(
      'The service is stopping. The following was not reported before:',
    );
    const digest: Message = { ...message(still), occasion: 'digest', tally: { fired: 3, resolved: 1 } };
    expect(words(digest)[0]).toBe('[DIGEST: STILL FAILED 1');
    expect(words({ ...digest, reports: [] })).toEqual([
      '[DIGEST',
      expect.stringContaining('3 new problems, 1 cause resolved'),
    ]);
    expect(words(message(report({ state: 'unsteady' })))[1]).toContain('it comes and goes');
    expect(words({ ...message(), occasion: 'test' })[0]).toBe('[TEST');
  });
});
