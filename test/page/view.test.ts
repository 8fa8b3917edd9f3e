import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServiceSnapshot } from '../../src/domain/status.ts';
import { readAddress, type ViewAddress, writeAddress } from '../../src/page/model/address.ts';
import { otherSpan, SPANS } from '../../src/page/model/axis.ts';
import { factsOf } from '../../src/page/model/facts.ts';
import { NO_FILTER, toggled } from '../../src/page/model/filter.ts';
import { headlineOf, type Link } from '../../src/page/model/headline.ts';
import { iso, START, snapshotAt } from './facts.ts';

describe('the address of a view', () => {
  it('is empty for the usual view', () => {
    expect(writeAddress(readAddress(''))).toBe('');
  });

  it('gives the same view again', () => {
    const views = fc.record<ViewAddress>({
      filter: fc.record({
        text: fc.string(),
        modes: fc.subarray(['add', 'modify', 'delete'] as const),
        conditions: fc.subarray(['inWork', 'failed', 'waiting', 'done'] as const),
        cause: fc.string(),
      }),
      span: fc.constantFrom(...SPANS),
      uid: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
      at: fc.option(fc.integer({ min: 0, max: 4e12 }), { nil: undefined }),
      all: fc.boolean(),
    });
    fc.assert(
      fc.property(views, (view) => {
        expect(readAddress(writeAddress(view))).toEqual(view);
      }),
    );
  });

  it('is read as far as it can be', () => {
    expect(readAddress('?span=2y&is=failed,nonsense&mode=rename&at=never')).toEqual({
      ...readAddress(''),
      filter: { ...NO_FILTER, conditions: ['failed'] },
    });
  });
});

describe('a choice', () => {
  it('is made and taken back', () => {
    expect(toggled(['a'], 'b')).toEqual(['a', 'b']);
    expect(toggled(['a', 'b'], 'a')).toEqual(['b']);
    expect(SPANS.map((span) => otherSpan(span, 1))).toEqual([600_000, 3_600_000, 3_600_000]);
    expect(otherSpan(60_000, -1)).toBe(60_000);
  });
});

describe('the headline', () => {
  const OPEN: Link = { is: 'open', answeredAt: START };
  const title = (snapshot = snapshotAt(0), link: Link = OPEN, now = START) =>
    headlineOf(link, snapshot, now, undefined).title;
  const counts = { ...snapshotAt(0).counts, open: 5 };

  it('says that nothing is known yet', () => {
    expect(headlineOf({ is: 'loading' }, undefined, START, undefined)).toMatchObject({
      tone: 'quiet',
      title: 'Asking the service…',
    });
  });

  it('says that nothing is to do, when an account was last done, and how long it has been connected', () => {
    const {
      tone,
      details,
      title: said,
    } = headlineOf({ is: 'open', answeredAt: START + 60_000 }, snapshotAt(60), START + 60_000, START + 1_000);
    expect([tone, said, details[1]]).toEqual(['good', 'Nothing to do', 'connected for 60 s']);
    expect(details[0]).toMatch(/^the last account was done at \d\d:00:01$/);
  });

  it('says what there is, the gravest first', () => {
    const busy = snapshotAt(0, { counts: { ...counts, inWork: 3, failed: 2, queued: 4, retrying: 1 }, stuck: 1 });
    expect(title(busy)).toBe('1 account stuck in work, 2 accounts failed, 2 in work, 4 queued, 1 retrying');
  });

  it('says that the service is paused, by whom and why', () => {
    const pauses = [{ by: 'operator', who: 'root', holds: 'everything', reason: 'new disks', since: iso(0) }];
    const { title: said, details } = headlineOf(OPEN, { ...snapshotAt(0), pauses } as never, START, undefined);
    expect(said).toBe('Paused by root: new disks');
    expect(details[0]).toMatch(/^since \d\d:00:00$/);
    const brake = [{ by: 'brake', holds: 'deletes', reason: '12 within 10 min', since: iso(0) }];
    expect(title({ ...snapshotAt(0), pauses: brake } as never)).toBe('Deletes are paused by brake: 12 within 10 min');
  });

  it('says that the service does not answer, what is shown, and when it is asked again', () => {
    const link: Link = { is: 'lost', answeredAt: START, retryAt: START + 9_000, reason: 'Failed to fetch' };
    const { tone, title: said, details } = headlineOf(link, snapshotAt(0), START + 5_000, undefined);
    expect([tone, said]).toEqual(['bad', 'The service does not answer']);
    expect(details).toEqual([
      expect.stringMatching(/^showing \S+, 5 s ago$/),
      'trying again in 4 s',
      'Failed to fetch',
    ]);
  });

  it('does not call the view live when answers stay away', () => {
    expect(title(snapshotAt(0), OPEN, START + 11_000)).toBe('No answer for 11 s');
  });

  it.each([
    ['starting', 'Starting: not connected to the directory yet'],
    ['refreshing', 'Connected, listing the open accounts'],
    ['reconnecting', 'Cut off from the directory'],
    ['draining', 'Stopping: running scripts finish'],
    ['stopped', 'The service has stopped'],
  ] as const)('says how the service stands with the directory: %s', (phase, expected) => {
    expect(title(snapshotAt(0, { connection: { phase, since: iso(0) } }))).toBe(expected);
  });

  it('says why the directory is away, what to do, and which attempt it is', () => {
    const connection = {
      ...{ phase: 'reconnecting' as const, since: iso(0), url: 'ldap://a', reason: 'ldap://a: connection refused' },
      ...{ remedy: 'start it', attempt: 3 },
    };
    expect(headlineOf(OPEN, snapshotAt(0, { connection }), START, undefined).details.slice(1)).toEqual([
      'ldap://a: connection refused',
      'to do: start it',
      'attempt 3',
    ]);
  });
});

describe('the facts', () => {
  const factsAt = (snapshot: unknown, link: Link = { is: 'open', answeredAt: START }) =>
    factsOf(snapshot as ReturnType<typeof snapshotAt>, link, START).map(
      ({ name, words, isBad }) => `${name}: ${words}${isBad ? '!' : ''}`,
    );

  it('are how the page, the directory and the service do', () => {
    expect(factsAt(snapshotAt(0))).toEqual([
      'page: live',
      'directory: ldap://a, syncrepl, OpenLDAP',
      'service: 1.2.3, up for 0 s',
    ]);
    expect(factsAt(undefined, { is: 'loading' })).toEqual(['page: loading']);
    const lost: Link = { is: 'lost', answeredAt: undefined, retryAt: START, reason: '' };
    expect(factsAt(undefined, lost)).toEqual(['page: disconnected!']);
    expect(factsAt(snapshotAt(0, { connection: { phase: 'reconnecting', url: 'ldap://a' } }))[1]).toBe(
      'directory: ldap://a!',
    );
  });

  it('are how each outlet does', () => {
    const outlets: ServiceSnapshot['outlets'] = [
      { outlet: 'journal', where: '/var/j', lost: 3, failure: 'no space left on device' },
      { outlet: 'log file', where: '/var/log/x', lost: 0 },
      { outlet: 'syslog', where: 'udp', lost: 2 },
    ];
    const notify = { receivers: [{ receiver: 'mail', lost: 0, failure: 'refused' }] };
    expect(factsAt({ ...snapshotAt(0), outlets, notify }).slice(-4)).toEqual([
      'journal: no space left on device, 3 lost!',
      'log file: works',
      'syslog: works, 2 lost!',
      'mail: refused!',
    ]);
  });
});
