import { Subject, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import type { DirectoryChange } from '../../../src/domain/change.ts';
import { entryOf } from '../../../src/domain/entry.ts';
import { type AccountChange, readAccounts } from '../../../streams/operators/read-accounts.ts';
import { marbles } from '../../support/marbles.ts';
import { MemoryDirectory } from '../../support/memory-directory.ts';
import { Stage } from '../../support/stage.ts';

const directory = new MemoryDirectory();
const entry = (uid: string, mode = 'add') =>
  entryOf(`uid=${uid},dc=example`, {
    uid,
    entryUUID: `uuid-${uid}`,
    sstProvisioningMode: mode,
    sstProvisioningState: '0',
  });

const CHANGES: Record<string, DirectoryChange> = {
  a: { kind: 'entry', change: 'add', entry: entry('a') },
  m: { kind: 'entry', change: 'modify', entry: entry('a', 'adding') },
  f: { kind: 'entry', change: 'refresh', entry: entry('a') },
  l: { kind: 'entry', change: 'list', entry: entry('a') },
  o: { kind: 'entry', change: 'modify', entry: entry('a', 'snapshot') },
  u: { kind: 'entry', change: 'add', entry: entryOf('uid=..,dc=example', { uid: '..', sstProvisioningMode: 'add' }) },
  '-': { kind: 'connected', url: 'A', protocol: 'syncrepl', server: 'S', fencing: 'version' },
  x: { kind: 'left', dn: 'uid=a,dc=example', entryUUID: 'uuid-a' },
  R: { kind: 'refreshing' },
  r: { kind: 'refreshed', entries: 1, milliseconds: 1 },
  L: { kind: 'listing' },
  d: { kind: 'listed' },
};

/** The results of consecutive changes: `seen`, `quiet`, `stale` (to be read first) or `left`. */
function sighted(changes: string, between: (stage: Stage, at: number) => void = () => {}) {
  const stage = new Stage({ directory });
  const words: string[] = [];
  const say = (one: AccountChange): void => {
    if (one.kind === 'seen') words.push(one.quiet ? 'quiet' : one.candidate.fresh ? 'seen' : 'stale');
    else words.push(one.kind);
  };
  const sink = readAccounts(stage.dependencies);
  const source$ = new Subject<DirectoryChange>();
  const subscription = source$.pipe(sink).subscribe(say);
  [...changes].forEach((name, at) => {
    source$.next(CHANGES[name] as DirectoryChange);
    between(stage, at);
  });
  subscription.unsubscribe();
  return { words, told: stage.told, stage };
}

describe('readAccounts', () => {
  it.each([
    ['nothing', '---', '---'],
    ['the end of the source', '--|', '--|'],
    ['an error of the source', '--#', '--#'],
  ])('passes on %s', (_, given, expected) => {
    marbles(({ cold, expectObservable }) => {
      const source = cold<DirectoryChange>(given);
      expectObservable(source.pipe(readAccounts(new Stage({ directory }).dependencies))).toBe(expected);
    });
  });

  it('unsubscribes from the source', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot<DirectoryChange>('-----');
      expectObservable(source.pipe(readAccounts(new Stage({ directory }).dependencies)), '--!').toBe('-----');
      expectSubscriptions(source.subscriptions).toBe('^-!');
    });
  });

  it('shows an account that came or changed', () => {
    expect(sighted('am')).toMatchObject({ words: ['seen', 'seen'], told: ['received', 'received'] });
  });

  it('shows in silence what a list holds unchanged, and aloud what it found', () => {
    expect(sighted('aLld')).toMatchObject({ words: ['seen', 'quiet'], told: ['received'] });
    expect(sighted('Lld')).toMatchObject({ words: ['seen'], told: ['received'] });
  });

  it.each(['ax', 'aRr', 'aLd'])('tells what has left, by a change, a refresh or a list (%s)', async (changes) => {
    const { words, stage } = sighted(changes);
    expect(words).toEqual(['seen', 'left']);
    await vi.waitFor(() => expect(stage.told).toEqual(['received', 'left']));
  });

  it('tells nothing of what it never saw leave', () => {
    expect(sighted('x').words).toEqual([]);
  });

  it('reports that an account has left before it reports what it is when it is back', () => {
    expect(sighted('axa').told).toEqual(['received', 'left', 'received']);
  });

  it('knows without a read why an account has left that has the mode of another program', () => {
    expect(sighted('ao').stage.events.at(-1)).toMatchObject({ event: 'left', why: 'moved' });
  });

  it('does not let a refresh or list drop what changed after it began, or one that did not end', () => {
    expect(sighted('aRar').words).toEqual(['seen', 'seen']);
    expect(sighted('Lad').words).toEqual(['seen']);
    expect(sighted('aL').words).toEqual(['seen']);
    expect(sighted('aLRfrd').words).toEqual(['seen', 'quiet']);
  });

  it('leaves own echoes out', () => {
    const { words, told } = sighted('am', (stage, at) => {
      if (at !== 0) return;
      const record = stage.record(entry('a', 'adding'));
      stage.open.wrote('uuid-a', record, { working: true });
    });
    expect(words).toEqual(['seen']);
    expect(told).toEqual(['received']);
  });

  it('does not say of an account that is worked on that it left, but passes it on', () => {
    const { words, told } = sighted('ax', (stage, at) => {
      if (at === 0) stage.open.wrote('uuid-a', stage.record(entry('a', 'adding')), { working: true });
    });
    expect(words).toEqual(['seen', 'left']);
    expect(told).toEqual(['received']);
  });

  it('has what a refresh says of an account that is worked on read again before anything is done', () => {
    const { words } = sighted('aRf', (stage, at) => {
      if (at === 0) stage.open.wrote('uuid-a', stage.record(entry('a', 'adding')), { working: true });
    });
    expect(words).toEqual(['seen', 'stale']);
  });

  it("takes an account that became another program's for one that left", () => {
    expect(sighted('ao')).toMatchObject({ words: ['seen', 'left'], told: ['received', 'left'] });
    expect(sighted('o')).toMatchObject({ words: [], told: [] });
  });

  it('tells why an entry cannot be worked on, but not with every list', () => {
    const { told, stage } = sighted('u');
    expect(told).toEqual(['skipped']);
    expect(stage.events[0]).toMatchObject({
      event: 'skipped',
      dn: 'uid=..,dc=example',
      reason: 'the uid begins with "."',
    });
    const listed = { ...(CHANGES['u'] as { kind: 'entry' }), change: 'list' } as DirectoryChange;
    CHANGES['U'] = listed;
    expect(sighted('LUd').told).toEqual([]);
  });

  it('leaves the news of the connection to others', () => {
    expect(sighted('-')).toMatchObject({ words: [], told: [] });
  });
});

describe('a refresh that thousands of accounts are no longer part of', () => {
  it('reports those in slices, one that is seen again meanwhile before that, and none twice', () => {
    const scheduler = new VirtualTimeScheduler();
    const stage = new Stage({ directory });
    const told: string[] = [];
    const source$ = new Subject<DirectoryChange>();
    const subscription = source$.pipe(readAccounts({ ...stage.dependencies, scheduler })).subscribe((one) => {
      told.push(`${one.kind} ${one.kind === 'left' ? one.id : one.candidate.id}`);
    });
    const uids = Array.from({ length: 2_000 }, (_, index) => `a${index}`);
    for (const uid of uids) source$.next({ kind: 'entry', change: 'add', entry: entry(uid) });
    source$.next({ kind: 'refreshing' });
    source$.next({ kind: 'entry', change: 'refresh', entry: entry('a0') });
    told.length = 0;
    source$.next({ kind: 'refreshed', entries: 1, milliseconds: 1 });
    expect(told.length).toBeLessThanOrEqual(500);
    const waiting = uids.slice(1).filter((uid) => !told.includes(`left uuid-${uid}`));
    const [again = ''] = waiting;
    source$.next({ kind: 'entry', change: 'add', entry: entry(again) });
    expect(told.slice(-2)).toEqual([`left uuid-${again}`, `seen uuid-${again}`]);
    const before = told.length;
    scheduler.flush();
    expect(told.length - before).toBe(waiting.length - 1);
    expect(new Set(told).size).toBe(told.length);
    expect(stage.dependencies.open.size).toBe(2);
    subscription.unsubscribe();
  });
});
