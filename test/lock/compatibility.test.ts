import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BasePath, type Instances, isCompatible, type LockScope } from '../../src/lock/compatibility.ts';

interface Where {
  readonly server?: string;
  /** Entries at this depth (0: the base) and above show only their DN. */
  readonly readable?: number;
  /** Distinguishes a tree from the next one, which is created anew. */
  readonly idPrefix?: string;
}

/** `a/b` names the entry b below a. */
function pathOf(place: string, { server = 'one', readable = 99, idPrefix = '' }: Where = {}): BasePath {
  const names = place.split('/');
  const places = names.map((_, index) => names.slice(0, names.length - index).join('/'));
  return {
    server,
    entries: places.map((dn, depth) => ({ dn, ids: depth < readable ? { entryUUID: `${idPrefix}${dn}` } : {} })),
  };
}

const scope = (instances: Instances, place: string, where?: Where): LockScope => ({
  instances,
  paths: [pathOf(place, where)],
});

const TABLE: ReadonlyArray<readonly [Instances, string, Instances, string, boolean]> = [
  ['one', 'a', 'one', 'a', false],
  ['one', 'a', 'several', 'a', false],
  ['several', 'a', 'several', 'a', true],
  ['one', 'a', 'one', 'a/b', false],
  ['one', 'a', 'several', 'a/b', false],
  ['several', 'a', 'one', 'a/b', false],
  ['several', 'a', 'several', 'a/b', true],
  ['one', 'a/b', 'one', 'a/c', true],
  ['one', 'a', 'one', 'c', true],
];

describe('two services on a host', () => {
  it.each(TABLE)('%s on %s next to %s on %s: %s', (mine, base, theirs, other, compatible) => {
    expect(isCompatible(scope(mine, base), scope(theirs, other))).toBe(compatible);
    expect(isCompatible(scope(theirs, other), scope(mine, base))).toBe(compatible);
  });

  it('know one entry by its name through two servers, whatever its DN', () => {
    const renamed: LockScope = {
      instances: 'one',
      paths: [{ server: 'two', entries: [{ dn: 'z', ids: { entryUUID: 'a' } }] }],
    };
    expect(isCompatible(scope('one', 'a'), renamed)).toBe(false);
  });

  it('take equal DNs for one entry where one of them cannot read its name, or reads another kind of name', () => {
    expect(isCompatible(scope('one', 'a/b'), scope('one', 'a/b', { server: 'two', readable: 0 }))).toBe(false);
    expect(isCompatible(scope('one', 'a/b', { readable: 1 }), scope('one', 'a', { server: 'two' }))).toBe(false);
    const other: LockScope = {
      instances: 'one',
      paths: [{ server: 'two', entries: [{ dn: 'a', ids: { nsUniqueId: '1' } }] }],
    };
    expect(isCompatible(scope('one', 'a'), other)).toBe(false);
  });

  it('tell two directories with the same DNs apart by the names of their entries', () => {
    expect(isCompatible(scope('one', 'a/b'), scope('one', 'a/b', { server: 'two', idPrefix: 'test ' }))).toBe(true);
  });

  it('take equal DNs on one server for one entry, although it was created again', () => {
    expect(isCompatible(scope('one', 'a/b'), scope('one', 'a/b', { idPrefix: 'new ' }))).toBe(false);
    expect(isCompatible(scope('one', 'a/b'), scope('one', 'a', { idPrefix: 'new ' }))).toBe(false);
  });

  it('meet in whatever either of them has worked on since its start', () => {
    const both: LockScope = { instances: 'one', paths: [pathOf('a'), pathOf('b')] };
    expect(isCompatible(both, scope('one', 'b/c'))).toBe(false);
    expect(isCompatible(both, scope('one', 'c'))).toBe(true);
  });
});

/** The modes of multi-granularity locking, each with the modes that are compatible. */
const MODES = { IS: ['IS', 'IX', 'S'], IX: ['IS', 'IX'], S: ['IS', 'S'], X: [] as string[] } as const;

/** The locks of a service on each entry. */
function intentionLocks({ instances, paths: [path] }: LockScope): Map<string, keyof typeof MODES> {
  const [own, above] = instances === 'one' ? (['X', 'IX'] as const) : (['S', 'IS'] as const);
  return new Map(path?.entries.map(({ dn }, depth) => [dn, depth === 0 ? own : above]));
}

function isGranted(one: LockScope, other: LockScope): boolean {
  const theirs = intentionLocks(other);
  return [...intentionLocks(one)].every(([dn, mode]) => {
    const held = theirs.get(dn);
    return held === undefined || (MODES[mode] as readonly string[]).includes(held);
  });
}

const instances = fc.constantFrom<Instances>('one', 'several');
const place = fc.array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));
const where = fc.record({
  server: fc.constantFrom('one', 'two'),
  readable: fc.nat(4),
  idPrefix: fc.constantFrom('', 'new '),
});
const anyScope = fc
  .tuple(instances, fc.array(fc.tuple(place, where), { maxLength: 3 }))
  .map(([how, paths]): LockScope => ({ instances: how, paths: paths.map(([at, seen]) => pathOf(at, seen)) }));

describe('compatibility', () => {
  it('is that of intention locks on a tree', () => {
    fc.assert(
      fc.property(instances, place, instances, place, (mine, base, theirs, other) => {
        const [one, two] = [scope(mine, base), scope(theirs, other)];
        expect(isCompatible(one, two)).toBe(isGranted(one, two));
      }),
    );
  });

  it('is symmetric, and given to several next to several', () => {
    fc.assert(
      fc.property(anyScope, anyScope, (one, two) => {
        expect(isCompatible(one, two)).toBe(isCompatible(two, one));
        if (one.instances === 'several' && two.instances === 'several') expect(isCompatible(one, two)).toBe(true);
      }),
    );
  });

  it('is never given next to one, to what shares a DN on its server, nor for knowing less', () => {
    fc.assert(
      fc.property(place, place, where, fc.nat(4), (base, below, seen, less) => {
        const one = scope('one', base, seen);
        const within = base === below ? base : `${base}/${below}`;
        expect(isCompatible(one, scope('several', within, { server: seen.server }))).toBe(false);
        expect(isCompatible(one, scope('several', within, { ...seen, server: 'three', readable: less }))).toBe(false);
      }),
    );
  });
});
