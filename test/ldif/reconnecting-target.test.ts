import { describe, expect, it } from 'vitest';
import { DirectoryError, ResultCode } from '../../src/domain/directory-error.ts';
import { entryOf } from '../../src/domain/entry.ts';
import { GivenUp } from '../../src/ldif/apply-ldif.ts';
import { type ChangeConnection, ConnectionLost } from '../../src/ldif/directory-target.ts';
import { ReconnectingTarget } from '../../src/ldif/reconnecting-target.ts';
import { recordsOf } from '../support/ldif-records.ts';

const AWAY = new DirectoryError('connection refused');
const BUSY = new DirectoryError('busy', { resultCode: ResultCode.busy });
const REFUSED = new DirectoryError('refused', { resultCode: ResultCode.entryAlreadyExists });
const LOST = new ConnectionLost(new DirectoryError('closed'));

/** One action of a directory: it accepts a connection or not, answers a change, or loses it. */
type Step = 'connects' | 'takes it' | 'shows it' | 'shows nothing' | Error;

const [ADD] = recordsOf(Buffer.from('dn: cn=a\ncn: a\n'));

/** A target on a directory that performs these actions in order. Time passes only in pauses. */
function target(steps: readonly Step[]) {
  const left = [...steps];
  const told: string[] = [];
  let now = 0;
  const next = (doing: string): Step => {
    const step = left.shift();
    if (step === undefined) throw new Error(`nobody expected to ${doing}`);
    if (step instanceof Error) throw step;
    return step;
  };
  const connection = (): ChangeConnection => {
    let closed = false;
    const ask = async (doing: string) => {
      try {
        return next(doing);
      } catch (error) {
        closed = error instanceof ConnectionLost;
        throw error;
      }
    };
    return {
      url: 'ldap://there',
      get closed() {
        return closed;
      },
      send: async () => expect(await ask('send')).toBe('takes it'),
      read: async (dn) => ((await ask('read')) === 'shows it' ? entryOf(dn, { cn: 'a' }) : undefined),
      close: () => {},
    };
  };
  const target = new ReconnectingTarget(connection(), {
    connect: async () => {
      expect(next('connect')).toBe('connects');
      return connection();
    },
    giveUpAfter: 60_000,
    pauses: { initial: 1_000, max: 8_000 },
    now: () => now,
    delay: async (milliseconds) => {
      now += milliseconds;
    },
    away: (reason) => told.push(`away: ${reason}`),
    back: (milliseconds) => told.push(`back after ${milliseconds}`),
  });
  const apply = async () => {
    if (ADD?.kind !== 'change') throw new Error('no such record');
    return target.apply(ADD);
  };
  return { apply, told, left, now: () => now };
}

describe('a load, and a directory that goes away', () => {
  it('connects again, sees that the record is not there, and sends it again', async () => {
    const { apply, told, left } = target([LOST, AWAY, AWAY, 'connects', 'shows nothing', 'takes it']);
    await apply();
    expect(told).toEqual(['away: closed', 'back after 3000']);
    expect(left).toEqual([]);
  });

  it('takes a record for done that stands there as it would leave it', async () => {
    const { apply, left } = target([LOST, 'connects', 'shows it']);
    await apply();
    expect(left).toEqual([]);
  });

  it('finds out by the next record that the connection was lost meanwhile, and sends that once', async () => {
    const { apply, told } = target(['takes it', LOST, 'connects', 'shows nothing', 'takes it', 'takes it']);
    for (let record = 0; record < 3; record += 1) await apply();
    expect(told).toEqual(['away: closed', 'back after 0']);
  });

  it('waits for one that says that it is busy, on the connection that it has', async () => {
    const { apply, told, left } = target([BUSY, BUSY, 'takes it']);
    await apply();
    expect(told).toEqual(['away: busy', 'back after 3000']);
    expect(left).toEqual([]);
  });

  it('says why a record is refused that was sent a second time', async () => {
    const refused = target([LOST, 'connects', 'shows nothing', REFUSED]).apply();
    await expect(refused).rejects.toThrow('refused (an earlier answer was lost');
    await expect(target([REFUSED]).apply()).rejects.toBe(REFUSED);
  });

  it('gives up after so long, and says that the record is not known to be done', async () => {
    const { apply, now } = target([LOST, ...Array.from({ length: 20 }, () => AWAY)]);
    const error = await apply().catch((given: unknown) => given);
    expect(error).toBeInstanceOf(GivenUp);
    expect(String(error)).toMatch(/connection refused; it is not known whether the change was made/);
    expect(now()).toBe(60_000);
  });

  it('gives up one that is busy all the time', async () => {
    await expect(target(Array.from({ length: 20 }, () => BUSY)).apply()).rejects.toBeInstanceOf(GivenUp);
  });

  it('gives up at once where it is not let in any more', async () => {
    const denied = new DirectoryError('denied', { resultCode: ResultCode.invalidCredentials, remedy: 'be somebody' });
    const { apply, now } = target([LOST, denied]);
    await expect(apply()).rejects.toThrow(/denied/);
    expect(now()).toBe(0);
  });

  it('gives up a record alone at which the connection breaks three times', async () => {
    const again: Step[] = ['connects', 'shows nothing', LOST];
    const { apply, told } = target([LOST, ...again, ...again, 'connects', 'takes it']);
    await expect(apply()).rejects.toThrow('the connection broke 3 times at this record');
    await apply();
    expect(told).toEqual(['away: closed', 'back after 0']);
  });
});
