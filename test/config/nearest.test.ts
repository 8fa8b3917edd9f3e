import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearestWord } from '../../config/kinds/nearest.ts';

describe('the nearest key', () => {
  it.each([
    ['bindpassword', ['bindPassword', 'bindDn'], 'bindPassword'],
    ['kill_grace', ['timeout', 'killGrace'], 'killGrace'],
    ['tiemout', ['timeout', 'interval'], 'timeout'],
    ['inital', ['initial', 'interval'], 'initial'],
    ['logging', ['log', 'operator'], 'log'],
    ['x', ['url', 'base'], undefined],
    ['', ['url', 'base'], undefined],
  ])('of %s among %j is %s', (given, candidates, expected) => {
    expect(nearestWord(given, candidates)).toBe(expected);
  });

  it('is the key itself where it is known', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 }), (keys) => {
        expect(nearestWord(keys[0]!, keys)).toBe(keys[0]);
      }),
    );
  });
});
