import { describe, expect, it } from 'vitest';
import { Notices } from '../../src/notify/notices.ts';
import type { Message, Subject, Trouble } from '../../src/notify/trouble.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const QUOTA: Trouble = { event: 'failed', key: 'quota', title: 'quota' };
const MOUNT: Trouble = { event: 'failed', key: 'mount', title: 'mount' };
const FULL: Trouble = { event: 'failed', key: 'full', title: 'full', causesOthers: true };
const DOWN: Trouble = { event: 'disconnected', key: 'down', title: 'down', causesOthers: true, isPassing: true };

/** The notices with a clock that begins at 0. What is due is taken at its time. */
function started(limits: Partial<ConstructorParameters<typeof Notices>[0]> = {}) {
  const notices = new Notices({ quiet: 5 * MINUTE, remind: undefined, mostPerHour: 100, ...limits });
  const taken: Message[] = [];
  let now = 0;
  const until = (time: number) => {
    for (let due = notices.dueAt(); due <= time; due = notices.dueAt()) {
      now = Math.max(now, due);
      const message = notices.take(now);
      if (message !== undefined) taken.push(message);
    }
    now = time;
  };
  const account = (uid: string): Subject => ({ id: uid, uid, since: now });
  return {
    notices,
    until,
    fire: (trouble: Trouble, ...uids: readonly string[]) => {
      for (const uid of uids) notices.fire(trouble, account(uid), now);
    },
    find: (trouble: Trouble, uid: string, since: number) => notices.find(trouble, { ...account(uid), since }, now),
    settle: (...uids: readonly string[]) => {
      for (const uid of uids) notices.resolve(uid, now);
    },
    down: () => notices.fire(DOWN, { id: 'down', since: now }, now),
    last: () => notices.takeLast(now),
    /** When and what was told so far: `state key added/count`. */
    told: () =>
      taken.map(({ time, reports }) => [
        time / SECOND,
        ...reports.map(({ state, trouble: { key }, added, count }) => `${state} ${key} ${added}/${count}`),
      ]),
    messages: () => taken,
  };
}

const uids = (count: number, from = 0) => Array.from({ length: count }, (_, index) => `u${from + index}`);

describe('failures of one cause', () => {
  it('are reported at once, then together after the quiet time, with at most twenty names', () => {
    const { fire, until, told, messages } = started();
    fire(QUOTA, 'first');
    until(10 * SECOND);
    fire(QUOTA, ...uids(199));
    until(HOUR);
    expect(told()).toEqual([
      [1, 'new quota 1/1'],
      [301, 'more quota 199/200'],
    ]);
    expect(messages()[1]?.reports[0]?.subjects).toHaveLength(20);
  });

  it('are reported with others that begin within a second, and further causes of a burst half a minute later', () => {
    const { fire, until, told } = started();
    fire(QUOTA, 'u1');
    fire(MOUNT, 'u2');
    until(2 * SECOND);
    fire({ ...QUOTA, key: 'third' }, 'u3');
    fire({ ...QUOTA, key: 'fourth' }, 'u4');
    until(MINUTE);
    expect(told()).toEqual([
      [1, 'new quota 1/1', 'new mount 1/1'],
      [31, 'new third 1/1', 'new fourth 1/1'],
    ]);
  });

  it('are said to be resolved once, when none has come back for the quiet time', () => {
    const { fire, settle, until, told } = started();
    fire(QUOTA, 'u1', 'u2');
    until(MINUTE);
    settle('u1', 'u2');
    until(2 * HOUR);
    expect(told()).toEqual([
      [1, 'new quota 2/2'],
      [360, 'resolved quota 0/0'],
    ]);
  });

  it('speak again after they were resolved', () => {
    const { fire, settle, until, told } = started();
    fire(QUOTA, 'u1');
    until(MINUTE);
    settle('u1');
    until(HOUR);
    fire(QUOTA, 'u1');
    until(2 * HOUR);
    expect(told().map(([, what]) => what)).toEqual(['new quota 1/1', 'resolved quota 0/0', 'new quota 1/1']);
  });

  it('that come and go are said to be unsteady, and then told rarely', () => {
    const { fire, settle, until, told } = started();
    for (let minute = 0; minute < 180; minute += 3) {
      until(minute * MINUTE);
      fire(QUOTA, 'u1');
      until((minute + 1) * MINUTE);
      settle('u1');
    }
    until(5 * HOUR);
    const what = told().map(([, words]) => String(words).split(' ')[0]);
    expect(what[0]).toBe('new');
    expect(what.filter((state) => state === 'unsteady')).toHaveLength(1);
    expect(what.at(-1)).toBe('resolved');
    expect(what.length).toBeLessThan(10);
  });

  it('are not reported if they are over before their turn', () => {
    const { fire, settle, until, told } = started();
    fire(QUOTA, 'u1');
    until(2 * SECOND);
    fire(MOUNT, 'u2');
    settle('u2');
    until(HOUR);
    expect(told()).toEqual([[1, 'new quota 1/1']]);
  });

  it('of two hundred causes are reported, and all further ones as one', () => {
    const { fire, until, messages } = started();
    for (const uid of uids(1_000)) fire({ ...QUOTA, key: uid }, uid);
    until(MINUTE);
    const reports = messages().flatMap((message) => message.reports);
    expect(reports).toHaveLength(201);
    expect(reports.reduce((sum, { added }) => sum + added, 0)).toBe(1_000);
  });
});

describe('a start', () => {
  it('says nothing of what failed before, and counts it in when another one fails', () => {
    const { find, fire, until, told } = started();
    find(QUOTA, 'u1', -HOUR);
    until(HOUR);
    expect(told()).toEqual([]);
    fire(QUOTA, 'u2');
    until(2 * HOUR);
    expect(told()).toEqual([[3_601, 'new quota 1/2']]);
  });

  it('reminds when the service before it would have', () => {
    const { find, until, told } = started({ remind: 4 * HOUR });
    find(QUOTA, 'u1', -3 * HOUR);
    until(6 * HOUR);
    expect(told()).toEqual([
      [3_600, 'still quota 0/1'],
      [18_000, 'still quota 0/1'],
    ]);
  });
});

describe('what causes failures', () => {
  it('keeps them back while the directory cannot be reached, and until shortly after', () => {
    const { down, fire, settle, until, told, notices } = started();
    down();
    until(10 * SECOND);
    fire(QUOTA, 'u1');
    until(10 * MINUTE);
    expect(told()).toEqual([[30, 'new down 1/1']]);
    expect(notices.held).toBe(1);
    settle('down');
    until(HOUR);
    expect(told().slice(1)).toEqual([
      [630, 'new quota 1/1'],
      [900, 'resolved down 0/0'],
    ]);
  });

  it('keeps them back while accounts fail as the disk is full', () => {
    const { fire, until, told } = started();
    fire(FULL, 'u1');
    fire(QUOTA, 'u2');
    until(MINUTE);
    fire(FULL, 'u3');
    until(HOUR);
    expect(told()).toEqual([
      [1, 'new full 1/1'],
      [301, 'more full 1/2'],
      [360, 'new quota 1/1'],
    ]);
  });

  it('is not told where it ends by itself soon', () => {
    const { down, settle, until, told } = started();
    down();
    until(29 * SECOND);
    settle('down');
    until(HOUR);
    expect(told()).toEqual([]);
  });

  it('is reported once while the connection comes and goes', () => {
    const { down, settle, until, told } = started();
    for (let minute = 0; minute < 60; minute += 2) {
      until(minute * MINUTE);
      down();
      until((minute + 1) * MINUTE);
      settle('down');
    }
    until(2 * HOUR);
    expect(told().map(([, words]) => String(words).split(' ')[0])).toEqual(['new', 'unsteady', 'resolved']);
  });
});

describe('a reminder', () => {
  it('lists all that is still broken, and nothing else', () => {
    const { fire, settle, until, messages } = started({ remind: 4 * HOUR });
    fire(QUOTA, 'u1', 'u2');
    until(HOUR);
    fire(MOUNT, 'u3');
    until(2 * HOUR);
    settle('u1');
    until(4 * HOUR + MINUTE);
    const reminder = messages().at(-1);
    expect(reminder?.occasion).toBe('reminder');
    const who = reminder?.reports.map(({ trouble: { key }, subjects }) => [key, subjects.map(({ uid }) => uid)]);
    expect(who).toEqual([
      ['quota', ['u2']],
      ['mount', ['u3']],
    ]);
  });
});

describe('a digest', () => {
  it('says what happened and what is broken, and is not made where there is nothing to say', () => {
    const { notices, find, fire, settle, until, messages } = started();
    notices.askDigest();
    until(HOUR);
    expect(messages()).toEqual([]);
    find(MOUNT, 'u9', 0);
    fire(QUOTA, 'u1');
    until(2 * HOUR);
    settle('u1');
    until(3 * HOUR);
    notices.askDigest();
    until(4 * HOUR);
    expect(messages().at(-1)).toMatchObject({
      occasion: 'digest',
      tally: { fired: 1, resolved: 1 },
      reports: [{ state: 'still', trouble: MOUNT, count: 1 }],
    });
  });
});

describe('the ceiling', () => {
  it('ends an hour with a last word, and tells all that was held together', () => {
    const { fire, until, told, messages } = started({ mostPerHour: 3 });
    for (let minute = 0; minute < 50; minute += 1) {
      until(minute * MINUTE);
      fire({ ...QUOTA, key: `cause ${minute}` }, `u${minute}`);
    }
    until(59 * MINUTE);
    expect(messages().map(({ silentUntil }) => silentUntil)).toEqual([undefined, undefined, HOUR + SECOND]);
    until(2 * HOUR);
    expect(told()).toHaveLength(4);
    expect(messages()[3]?.reports).toHaveLength(47);
  });

  it('is not kept up by a clock that was set back', () => {
    const { notices, fire, until, messages } = started({ mostPerHour: 1 });
    until(24 * HOUR);
    fire(QUOTA, 'u1');
    until(24 * HOUR + MINUTE);
    expect(messages()).toHaveLength(1);
    notices.fire(MOUNT, { id: 'u2', uid: 'u2', since: 0 }, 0);
    expect(notices.take(10 * MINUTE)).toBeUndefined();
    expect(notices.take(11 * MINUTE)?.reports).toMatchObject([{ trouble: MOUNT }]);
  });
});

describe('a clock that is set back', () => {
  const BACK = 10 * HOUR;

  it('does not keep up what was not told, nor what comes into a group that was', () => {
    const { notices, fire, until } = started();
    until(24 * HOUR);
    fire(QUOTA, 'u1');
    until(24 * HOUR + MINUTE);
    fire(MOUNT, 'u2');
    notices.fire(QUOTA, { id: 'u3', uid: 'u3', since: BACK }, BACK);
    expect(notices.take(BACK)).toBeUndefined();
    expect(notices.take(BACK + 30 * SECOND)?.reports).toMatchObject([{ trouble: MOUNT, state: 'new' }]);
    expect(notices.take(BACK + 5 * MINUTE)?.reports).toMatchObject([{ trouble: QUOTA, added: 1 }]);
  });

  it('does not keep up reminders, nor the end of a trouble', () => {
    const { notices, fire, settle, until } = started({ remind: HOUR });
    until(24 * HOUR);
    fire(QUOTA, 'u1');
    fire(MOUNT, 'u2');
    until(24 * HOUR + MINUTE);
    settle('u2');
    expect(notices.take(BACK)).toBeUndefined();
    expect(notices.take(BACK + 5 * MINUTE)?.reports).toMatchObject([{ trouble: MOUNT, state: 'resolved' }]);
    expect(notices.take(BACK + HOUR)?.reports).toMatchObject([{ trouble: QUOTA, state: 'still' }]);
  });
});

describe('the end of the service', () => {
  it('tells what was not told, though its time has not come', () => {
    const { fire, until, last } = started();
    fire(QUOTA, 'u1');
    until(MINUTE);
    expect(last()).toBeUndefined();
    fire(QUOTA, 'u2', 'u3');
    expect(last()).toMatchObject({ occasion: 'stop', reports: [{ state: 'more', added: 2, count: 3 }] });
  });
});
