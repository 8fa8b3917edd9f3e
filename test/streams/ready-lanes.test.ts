import { describe, expect, it } from 'vitest';
import { Lanes } from '../../streams/lanes.ts';

/** Puts these keys, and returns the order in which they are taken. */
function orderOf(lanes: Lanes<string>, keys: readonly string[]): string[] {
  for (const key of keys) lanes.put({ key, id: key, item: key });
  return taken(lanes);
}

function taken(lanes: Lanes<string>): string[] {
  const order: string[] = [];
  for (let work = lanes.next(); work !== undefined; work = lanes.next()) order.push(work.key);
  return order;
}

describe('the order in which ready lanes are taken', () => {
  it('is that of their arrival if there is no other service', () => {
    expect(orderOf(new Lanes(), ['c', 'a', 'b'])).toEqual(['c', 'a', 'b']);
  });

  it('begins with the own share, oldest first, and ends with that of others, mostly newest first', () => {
    const lanes = new Lanes<string>();
    lanes.share({ services: 1, place: (uid) => Number(uid[0]) });
    const keys = ['1a', '0a', '2a', '1b', '0b', '9a', '1c', '1d', '3a'];
    // Of those of others the fourth one taken is the oldest one of its place.
    expect(orderOf(lanes, keys)).toEqual(['0a', '0b', '1d', '1c', '1b', '1a', '2a', '3a', '9a']);
  });

  it('takes the oldest one of others now and then, so that none waits forever', () => {
    const lanes = new Lanes<string>();
    lanes.share({ services: 1, place: () => 1 });
    lanes.put({ key: 'oldest', id: 'oldest', item: '' });
    for (let arrival = 0; arrival < 2; arrival += 1) lanes.put({ key: `${arrival}`, id: `${arrival}`, item: '' });
    const order: string[] = [];
    for (let arrival = 2; !order.includes('oldest') && arrival < 20; arrival += 1) {
      lanes.put({ key: `${arrival}`, id: `${arrival}`, item: '' });
      order.push(lanes.next()?.key ?? '');
    }
    expect(order.indexOf('oldest')).toBe(3);
  });

  it('follows the services that are present: the share of one that has gone is distributed again', () => {
    const lanes = new Lanes<string>();
    const shares = { services: 'two', place: (uid: string) => (shares.services === 'one' || uid === 'own' ? 0 : 1) };
    lanes.share(shares);
    for (const key of ['a', 'b', 'c']) lanes.put({ key, id: key, item: key });
    shares.services = 'one';
    lanes.put({ key: 'own', id: 'own', item: '' });
    expect(new Set(taken(lanes))).toEqual(new Set(['a', 'b', 'c', 'own']));
    for (const key of ['d', 'e']) lanes.put({ key, id: key, item: key });
    expect(taken(lanes)).toEqual(['d', 'e']);
  });

  it('forgets a lane whose item is dropped, wherever it stands', () => {
    const lanes = new Lanes<string>();
    lanes.share({ services: 1, place: (uid) => Number(uid) });
    for (const key of ['0', '1', '2']) lanes.put({ key, id: key, item: key });
    lanes.drop('1');
    expect(lanes.waits).toBe(2);
    expect(taken(lanes)).toEqual(['0', '2']);
    expect(lanes.waits).toBe(0);
  });
});
