import { describe, expect, it } from 'vitest';
import type { DirectoryChange } from '../../../src/domain/change.ts';
import { entryOf } from '../../../src/domain/entry.ts';
import { reportConnection } from '../../../streams/operators/report-connection.ts';
import { marbles } from '../../support/marbles.ts';

describe('reportConnection', () => {
  it('tells how the subscription fares, and passes everything on', () => {
    const told: unknown[] = [];
    const changes: Record<string, DirectoryChange> = {
      a: { kind: 'connected', url: 'A', protocol: 'syncrepl', server: 'S', fencing: 'version' },
      b: { kind: 'refreshing' },
      c: { kind: 'entry', change: 'refresh', entry: entryOf('uid=a', {}) },
      d: { kind: 'refreshed', entries: 1, milliseconds: 2 },
      e: { kind: 'left', dn: 'uid=a' },
      f: { kind: 'listing' },
      g: { kind: 'listed' },
      h: { kind: 'disconnected', url: 'A', reason: 'reset' },
      i: { kind: 'reconnecting', url: 'A', attempt: 1, inMilliseconds: 100 },
    };
    marbles(({ cold, expectObservable }) => {
      const source = cold('abcdefghi#', changes);
      expectObservable(source.pipe(reportConnection((event) => told.push(event)))).toBe('abcdefghi#', changes);
    });
    expect(told).toEqual([
      { event: 'connected', url: 'A', protocol: 'syncrepl', server: 'S' },
      { event: 'refreshing' },
      { event: 'refreshed', entries: 1, milliseconds: 2 },
      { event: 'disconnected', url: 'A', reason: 'reset' },
      { event: 'reconnecting', url: 'A', attempt: 1, inMilliseconds: 100 },
    ]);
  });
});
