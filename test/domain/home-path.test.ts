import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryOf } from '../../src/domain/entry.ts';
import { comparablePath, isForHomes, namesOf, readHomePath } from '../../src/domain/home-path.ts';
import { FOREIGN_HOMES, HOSTILE_HOMES } from '../support/hostile.ts';

const DN = 'uid=3724300,ou=accounts,dc=example,dc=org';

function read(
  homeDirectory: string | readonly string[] | Buffer,
  homeRoot: string | null = null,
  uid = '3724300',
  homeLayout = '{uid}',
) {
  return readHomePath(entryOf(DN, { homeDirectory }), uid, { homeRoot, homeLayout });
}

describe('a path', () => {
  it('is compared by its names, without empty ones and dots', () => {
    const text = fc.string({ unit: fc.constantFrom('/', '.', 'a'), maxLength: 8 });
    fc.assert(
      fc.property(text, (path) => {
        const start = path.startsWith('/') ? '/' : '';
        expect(comparablePath(path)).toBe(`${start}${namesOf(path).join('/')}`);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('homeDirectory', () => {
  it('is taken in the layouts of honest sites, with and without a root for the homes', () => {
    for (const [home, homeRoot, layout] of [
      ['/var/backup/0/730/372/3724300/chroot/./home/3724300', '/var/backup', '*/*/*/{uid}'],
      ['/var/backup/3724300', '/var/backup'],
      ['/var/backup/3724300/chroot/./home/3724300', '/var/backup/'],
      ['/home/3724300', '/home'],
      ['/srv/3724300/', '/srv'],
      ['/srv//customers/./3724300/data', '/srv/customers'],
      ['/var/www/3724300', '/var/www'],
      ['/var/lib/backup/3724300', '/var/lib', '*/{uid}'],
      ['/tmp/backup/3724300', '/tmp/backup'],
    ] as const) {
      expect(read(home, homeRoot, '3724300', layout), home).toMatchObject({ kind: 'home' });
      expect(read(home, null), home).toMatchObject({ kind: 'home' });
    }
  });

  it('may be in a system folder where the site itself has put its homes there', () => {
    expect(read('/root/homes/3724300', '/root/homes')).toMatchObject({ kind: 'home' });
    expect(read('/usr/local/3724300', '/usr/local/')).toMatchObject({ kind: 'home' });
    expect(read('/root/homes/3724300')).toMatchObject({ kind: 'faulty' });
    expect(read('/root/homes/3724300', '/')).toMatchObject({ kind: 'faulty' });
  });

  it('names the uid in any case, as LDAP compares it, below the root for the homes', () => {
    expect(read('/home/anna', '/home', 'Anna')).toMatchObject({ kind: 'home' });
    expect(read('/srv/anna/berta', '/srv/anna', 'anna')).toMatchObject({
      kind: 'faulty',
      reason: expect.stringContaining('not the home of anna'),
    });
  });

  it('is called by no sign that is the uid’s in lower case only outside of ASCII', () => {
    for (const home of ['/srv/\u212aurt', '/srv/k\u017furt', '/srv/ku\u0308rt']) {
      expect(read(home, '/srv', 'kurt'), home).toMatchObject({ kind: 'faulty' });
    }
  });

  it('lies in the account’s own folder, which is where the layout of the site has it', () => {
    for (const [homeLayout, good, bad] of [
      ['{uid}', ['a', 'a/home', 'a/chroot/./home/a', './a', 'A'], ['x/a', 'x/chroot/a', 'x/chroot/home/./a', 'x']],
      ['*/{uid}', ['x/a', 'a/a', 'x/a/b/./c'], ['a', 'a/x', 'x/y/a', '.x/a', 'x/./y/a']],
      ['homes/*/{uid}', ['homes/x/a'], ['Homes/x/a', 'x/homes/a', 'homes/a', 'homes/.x/a']],
    ] as const) {
      for (const home of good) {
        expect(read(`/srv/${home}`, '/srv', 'a', homeLayout), home).toMatchObject({ kind: 'home' });
      }
      for (const home of bad) {
        expect(read(`/srv/${home}`, '/srv', 'a', homeLayout), home).toMatchObject({ kind: 'faulty' });
      }
    }
    expect(read('/srv/x/y/a', '/srv', 'a', '*/{uid}')).toMatchObject({
      reason:
        'homeDirectory /srv/x/y/a is not the home of a: expected /srv/*/a, or below it, by script.homeLayout (*/{uid})',
    });
  });

  it('has no folder that begins with a dot below the root for the homes, as these are the tools’ own', () => {
    for (const home of ['.snapshots/a/a', 'a/.snapshots/a/daily.0', '.a', 'x/.a.new/a']) {
      for (const layout of ['{uid}', '*/{uid}', '*/*/{uid}']) {
        expect(read(`/srv/${home}`, '/srv', 'a', layout), home).toMatchObject({ kind: 'faulty' });
      }
    }
    expect(read('/srv/.homes/a', '/srv/.homes', 'a')).toMatchObject({ kind: 'home' });
  });

  it('is nowhere in, or above, what a tool keeps where no layout has a home', () => {
    const among = (path: string, homeLayout: string) => isForHomes(path, { homeRoot: '/srv', homeLayout });
    for (const path of ['/srv/snapshots', '/srv/a/snapshots', '/srv/snapshots/a/daily.0']) {
      expect(among(path, '{uid}')).toBe(true);
      expect(among(path, '*/{uid}')).toBe(true);
      expect(among(path, 'homes/{uid}')).toBe(false);
    }
    expect(among('/srv/homes', 'homes/{uid}')).toBe(true);
    for (const path of ['/srv/.snapshots/a', '/srv/a/.snapshots', '/srv/a/chroot/.snapshots/a']) {
      expect(among(path, '{uid}')).toBe(false);
    }
  });

  it('tells the chroot from the path inside it, each in one spelling', () => {
    expect(read('//srv/.//3724300/chroot/./home//./3724300/')).toMatchObject({
      path: { home: '/srv/3724300/chroot/home/3724300', chroot: '/srv' },
    });
    expect(read('/./srv/3724300')).toEqual({ kind: 'home', path: { home: '/srv/3724300', chroot: undefined } });
  });

  describe.each(['/srv/homes', null])('with the root %s', (homeRoot) => {
    it.each(HOSTILE_HOMES)('is refused as %j', (home) => {
      expect(read(home.replaceAll('ROOT', '/srv/homes'), homeRoot)).toMatchObject({ kind: 'faulty' });
    });
  });

  it.each(FOREIGN_HOMES)('is refused as %j where the site has named the folder of the homes', (home) => {
    const given = home.replaceAll('ROOT', '/srv/homes');
    expect(read(given, '/srv/homes')).toMatchObject({ kind: 'faulty' });
    // Without that folder the owner is unknown: a renamed account has its old home, too.
    expect(read(given)).toMatchObject({ kind: 'home' });
  });

  it('is refused where there are none or two of it, or bytes that are no text', () => {
    for (const given of [[], ['/srv/3724300', '/srv/3724300/a'], Buffer.from([0x2f, 0xff])]) {
      expect(read(given)).toMatchObject({ kind: 'faulty' });
    }
  });

  it('is a clean path below the root, whatever is given', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('/', '.', '..', '3724300', 'a', '\n', 'srv')), (parts) => {
        const reading = read(`/srv/homes/${parts.join('')}`, '/srv/homes');
        if (reading.kind === 'faulty') return;
        expect(reading.path.home).toMatch(/^\/srv\/homes(?:\/(?!\.{1,2}(?:\/|$))[^/\n]+)+$/);
      }),
    );
  });
});
