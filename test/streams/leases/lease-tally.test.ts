import { describe, expect, it } from 'vitest';
import { readLease } from '../../../src/domain/lease.ts';
import { type LeaseInput, type LeaseState, NO_LEASE } from '../../../streams/leases/lease-state.ts';
import { stepLease } from '../../../streams/leases/lease-step.ts';
import { NOTHING_YET, tallyStep } from '../../../streams/leases/lease-tally.ts';

const HOLDER = 'web/1/b';
const OTHER = 'held other/1/b 9 o1 1000';
const TAKE: LeaseInput = { got: 'take', job: 'j', inWork: false };
const DONE: LeaseInput = { got: 'done' };
const REFUSED: LeaseInput = { got: 'refused' };
const TIME: LeaseInput = { got: 'time' };
const read = (text: string): LeaseInput => ({ got: 'read', lease: readLease(text === '' ? undefined : [text]) });
const release = (to: 'free' | 'left'): LeaseInput => ({
  got: 'release',
  release: to === 'left' ? { to, attempt: 1 } : { to },
});
const PAUSE: LeaseInput = { got: 'release', release: { to: 'paused', pause: 1_000, attempt: 2 } };

/** The tally after these inputs. Two seconds pass before each. */
function tallyOf(...inputs: readonly LeaseInput[]) {
  let state: LeaseState = NO_LEASE;
  let tally = NOTHING_YET;
  for (const [index, input] of inputs.entries()) {
    const common = { spread: 0, holder: HOLDER, duration: 60_000, killGrace: 5_000 };
    const after = stepLease(state, input, { ...common, now: index * 2_000, turn: `t${index}` }).state;
    tally = tallyStep(tally, { before: state, input, after }, HOLDER);
    state = after;
  }
  return tally;
}

describe('the tally of leases', () => {
  it.each([
    ['a lease that was free, taken and renewed', [TAKE, read('free'), DONE, TIME, DONE], { taken: 1, renewed: 1 }],
    ['one that was missing', [TAKE, read(''), DONE], { taken: 1 }],
    ["another's that has lapsed", [TAKE, read(OTHER), TIME, DONE], { taken: 1, takenOver: 1 }],
    ['an own one from before a restart', [TAKE, read(`held ${HOLDER} j t 1000`), DONE], { taken: 1 }],
    ['one that another service took first', [TAKE, read('free'), REFUSED], { refused: 1 }],
    ['one that is not wanted any more when it is taken', [TAKE, read('free'), release('free'), DONE], { taken: 1 }],
    [
      'a renewal without an answer that was carried out',
      [TAKE, read('free'), DONE, TIME, { got: 'noAnswer' }, TIME, read(`held ${HOLDER} j t3 60000`)],
      { taken: 1, renewed: 1 },
    ],
    [
      'one that is given up while it is renewed',
      [TAKE, read('free'), DONE, TIME, release('left'), DONE, DONE],
      { taken: 1, renewed: 1 },
    ],
    [
      "one that turns out to be another's",
      [TAKE, read('free'), DONE, TIME, REFUSED, read(OTHER)],
      { taken: 1, refused: 1, lost: 1 },
    ],
    [
      'one that is kept over a pause, and goes on',
      [TAKE, read('free'), DONE, PAUSE, DONE, TAKE, DONE],
      { taken: 1, renewed: 1 },
    ],
  ] satisfies ReadonlyArray<readonly [string, readonly LeaseInput[], object]>)('counts %s', (_, inputs, counted) => {
    expect(tallyOf(...inputs)).toEqual({ ...NOTHING_YET, ...counted });
  });
});
