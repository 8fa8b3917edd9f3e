import type { PublishedEvent, StreamEvent } from '../../src/domain/event.ts';
import type { ServiceSnapshot } from '../../src/domain/status.ts';

/** The beginning of the time of these tests, in milliseconds since 1970. */
export const START = Date.parse('2026-11-28T02:00:00.000Z');

const dnOf = (uid: string) => `uid=${uid},dc=example,dc=org`;

/** An event so many seconds after the beginning. */
export function at(seconds: number, event: StreamEvent): PublishedEvent {
  return { time: iso(seconds), ...event } as PublishedEvent;
}

export function iso(seconds: number): string {
  return new Date(START + seconds * 1_000).toISOString();
}

const of = (uid: string, mode = 'add') => ({ uid, dn: dnOf(uid), mode, job: `j-${uid}` });

/** The events of an account by what they are. */
export const EVENTS = {
  received: (uid: string): StreamEvent => ({ event: 'received', change: 'add', ...of(uid) }),
  queued: (uid: string): StreamEvent => ({ event: 'queued', ...of(uid) }),
  claimed: (uid: string): StreamEvent => ({ event: 'claimed', ...of(uid, 'adding') }),
  finished: (uid: string): StreamEvent => ({ event: 'finished', state: '', milliseconds: 900, ...of(uid, 'added') }),
  failed: (uid: string, cause = `no quota for ${uid}`): StreamEvent => ({
    ...{ event: 'failed', returnValue: 6, reason: 'CANNOT_SET_QUOTA: the script ended', step: 'script', cause },
    ...of(uid, 'adding'),
  }),
  retrying: (uid: string): StreamEvent => ({
    ...{ event: 'retrying', attempt: 2, inMilliseconds: 5_000, reason: 'later' },
    ...of(uid, 'adding'),
  }),
  waiting: (uid: string): StreamEvent => ({ event: 'waiting', reason: 'for its uidNumber', ...of(uid) }),
  left: (uid: string): StreamEvent => ({ event: 'left', why: 'unknown', ...of(uid) }),
};

const COUNTS = { open: 0, queued: 0, inWork: 0, retrying: 0, failed: 0, deferred: 0, waiting: 0 };

/** A snapshot so many seconds after the beginning. What is counted is what is listed. */
export function snapshotAt(seconds: number, parts: Partial<ServiceSnapshot> = {}): ServiceSnapshot {
  const { inWork = [], queued = [], failed = [], retrying = [], waiting = [], deferred = [] } = parts;
  const listed = { inWork, queued, failed, retrying, waiting, deferred };
  const lengths = Object.fromEntries(Object.entries(listed).map(([name, list]) => [name, list.length]));
  return {
    time: iso(seconds),
    startedAt: iso(0),
    version: '1.2.3',
    ready: true,
    connection: { phase: 'live', since: iso(0), url: 'ldap://a', protocol: 'syncrepl', server: 'OpenLDAP; x' },
    slots: 8,
    busy: inWork.length,
    stuck: 0,
    oldest: {},
    attempts: [],
    failures: [],
    rates: [],
    pauses: [],
    outlets: [],
    ...listed,
    ...parts,
    counts: { ...COUNTS, ...lengths, ...parts.counts },
  };
}

export const inWork = (uid: string, begun: number, stuck = false): ServiceSnapshot['inWork'][number] => ({
  ...{ uid, dn: dnOf(uid), mode: 'adding', doing: 'working', attempt: 1, resumed: false, stuck },
  ...{ begunAt: iso(begun), since: iso(begun), step: 'script', stepSince: iso(begun) },
});
export const failed = (uid: string, since: number): ServiceSnapshot['failed'][number] => ({
  ...{ uid, dn: dnOf(uid), mode: 'adding', since: iso(since), returnValue: 6, step: 'script' },
  ...{ reason: 'CANNOT_SET_QUOTA: the script ended', cause: `no quota for ${uid}` },
});
