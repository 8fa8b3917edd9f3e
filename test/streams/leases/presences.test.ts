import { describe, expect, it } from 'vitest';
import {
  GONE,
  isPresenceName,
  type Presence,
  presenceName,
  presentText,
  readPresence,
} from '../../../src/domain/presence.ts';
import { faultOfUid } from '../../../src/domain/uid.ts';
import {
  livingHolders,
  mastersOf,
  NO_PRESENCES,
  PRESENCE_DURATION,
  PRESENCE_EVERY,
  type Presences,
  reconnected,
  seePresences,
} from '../../../streams/leases/presences.ts';

const csn = (serverId: string) => `20261123062230.159254Z#000000#${serverId}#000000`;

describe('a presence', () => {
  it('is read as it was written, with the server that took the write', () => {
    const text = presentText('web/1/B', 't1', 10_000);
    expect(readPresence([text.toUpperCase()], csn('00A'))).toEqual({
      holder: 'web/1/b',
      text,
      duration: 10_000,
      serverId: '00a',
    });
    expect(readPresence([text], undefined)?.serverId).toBeUndefined();
  });

  it.each([[[]], [[GONE]], [['present web/1/b t1']], [['present web/1/b t1 10000', GONE]], [['free']]])(
    'is none that says %j',
    (values) => {
      expect(readPresence(values, undefined)).toBeUndefined();
    },
  );

  it('has a name that no lease can have', () => {
    const name = presenceName({ installation: 'web', lock: '1' });
    expect(isPresenceName(name)).toBe(true);
    expect(faultOfUid(name)).toBeDefined();
  });
});

/** Services that renew their presence, each on one server, as one of them lists it. */
class Site {
  presences: Presences = NO_PRESENCES;
  now = 500_000;
  #turn = 0;
  readonly entries = new Map<string, Presence>();

  renew(holder: string, serverId: string): this {
    this.#turn += 1;
    const presence = readPresence([presentText(holder, `t${this.#turn}`, PRESENCE_DURATION)], csn(serverId));
    this.entries.set(holder, presence!);
    return this;
  }

  list(): this {
    this.presences = seePresences(this.presences, [...this.entries.values()], this.now);
    return this;
  }

  after(milliseconds: number): this {
    this.now += milliseconds;
    return this;
  }

  living(): readonly string[] {
    return livingHolders(this.presences, 'a');
  }
}

describe('the services that are there', () => {
  it('are those whose value changes within the duration that it says', () => {
    const site = new Site().renew('c', '001').renew('b', '001').list();
    expect(site.living()).toEqual(['a', 'b', 'c']);
    site
      .after(PRESENCE_DURATION - 1)
      .renew('b', '001')
      .list()
      .after(1)
      .list();
    expect(site.living()).toEqual(['a', 'b']);
    site.renew('c', '001').list();
    expect(site.living(), 'it was only slow').toEqual(['a', 'b', 'c']);
    site.entries.delete('b');
    expect(site.list().living(), 'it has stopped').toEqual(['a', 'c']);
  });

  it('are on two masters if another one goes on writing to another server, which is known within 5 s', () => {
    const site = new Site().renew('a', '001').list();
    const connected = site.now;
    site
      .after(PRESENCE_EVERY - 1)
      .renew('b', '002')
      .list();
    while (mastersOf(site.presences, 'a', '001').serverIds.length < 2)
      site.after(PRESENCE_EVERY).renew('b', '002').list();
    expect(site.now - connected).toBeLessThan(5_000);
    expect(mastersOf(site.presences, 'a', '001')).toEqual({ serverIds: ['001', '002'], mayClaim: true });
    expect(mastersOf(site.presences, 'a', '003').mayClaim, 'the first in order goes on').toBe(false);
    site.renew('b', '001').list();
    expect(mastersOf(site.presences, 'a', '001')).toEqual({ serverIds: ['001'], mayClaim: true });
  });

  it('agree again when the other one is dead', () => {
    const site = new Site().list();
    for (let beat = 0; beat < 3; beat += 1) site.renew('b', '001').list().after(PRESENCE_EVERY);
    expect(mastersOf(site.presences, 'a', '002').mayClaim).toBe(false);
    site.after(PRESENCE_DURATION).list();
    expect(mastersOf(site.presences, 'a', '002')).toEqual({ serverIds: ['002'], mayClaim: true });
  });

  it('are not on two masters when an address moves to another server', () => {
    const site = new Site().renew('b', '001').list().renew('b', '001').list().renew('b', '001').list();
    site.presences = reconnected(site.presences);
    site.renew('b', '001').list();
    expect(mastersOf(site.presences, 'a', '002').mayClaim, 'its last write there comes late').toBe(true);
    site.renew('b', '002').list().renew('b', '002').list();
    expect(mastersOf(site.presences, 'a', '002').serverIds).toEqual(['002']);
  });

  it('agree on servers without ids', () => {
    const site = new Site().list();
    const silent = (turn: string) => readPresence([presentText('b', turn, 10_000)], undefined)!;
    for (const turn of ['1', '2', '3']) site.presences = seePresences(site.presences, [silent(turn)], site.now);
    expect(mastersOf(site.presences, 'a', undefined)).toEqual({ serverIds: [], mayClaim: true });
  });
});
