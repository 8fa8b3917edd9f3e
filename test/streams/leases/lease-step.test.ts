import { describe, expect, it } from 'vitest';
import { heldLease, readLease } from '../../../src/domain/lease.ts';
import {
  type LeaseContext,
  type LeaseEffect,
  type LeaseInput,
  type LeaseState,
  LOOK_EVERY,
  mayResume,
  mayWork,
  NO_LEASE,
  RETRY_AFTER,
  SLACK,
} from '../../../streams/leases/lease-state.ts';
import { stepLease } from '../../../streams/leases/lease-step.ts';

const DURATION = 60_000;
const KILL_GRACE = 5_000;
const USABLE = DURATION - KILL_GRACE - SLACK;
const OWN = 'web/1/b';
const OTHER = 'held other/1/b 9 o1 40000';

/** A lease that is stepped by the clock and with the turns of one service. */
class Stepped {
  state: LeaseState = NO_LEASE;
  effect: LeaseEffect | undefined;
  now = 1_000_000;
  #turn = 0;
  readonly #settings: Partial<LeaseContext>;

  constructor(settings: Partial<LeaseContext> = {}) {
    this.#settings = settings;
  }

  step(...inputs: readonly LeaseInput[]): this {
    for (const input of inputs) {
      this.#turn += 1;
      const next = stepLease(this.state, input, {
        now: this.now,
        turn: `t${this.#turn}`,
        spread: 0,
        holder: OWN,
        duration: DURATION,
        killGrace: KILL_GRACE,
        ...this.#settings,
      });
      this.state = next.state;
      this.effect = next.effect ?? this.effect;
    }
    return this;
  }

  /** Ends the wait that is under way. */
  wait(): this {
    if (this.effect?.do !== 'wait') throw new Error(`it does ${this.effect?.do}`);
    this.now = Math.max(this.now, this.effect.until);
    return this.step(TIME);
  }

  after(milliseconds: number): this {
    this.now += milliseconds;
    return this;
  }

  /** The value that is being sent. */
  get sent(): string {
    if (this.effect?.do === 'swap') return this.effect.to;
    if (this.effect?.do === 'add') return this.effect.lease;
    throw new Error(`it does ${this.effect?.do}`);
  }

  held(): this {
    return this.step(TAKE, read('free'), DONE);
  }

  get deadline(): number | undefined {
    return this.state.at === 'held' ? this.state.deadline : undefined;
  }
}

const TWICE = new TypeError('a lease was asked for that is being taken, or held');
const TAKE: LeaseInput = { got: 'take', job: '17', inWork: false };
const RESUME: LeaseInput = { got: 'take', job: '17', inWork: true };
const DONE: LeaseInput = { got: 'done' };
const REFUSED: LeaseInput = { got: 'refused' };
const NO_ANSWER: LeaseInput = { got: 'noAnswer' };
const TIME: LeaseInput = { got: 'time' };
const TO_FREE: LeaseInput = { got: 'release', release: { to: 'free' } };
const TO_LEFT: LeaseInput = { got: 'release', release: { to: 'left', attempt: 1 } };
const TO_PAUSE: LeaseInput = { got: 'release', release: { to: 'paused', pause: 600_000, attempt: 3 } };
const read = (...values: readonly string[]): LeaseInput => ({ got: 'read', lease: readLease(values) });
const observed = (...values: readonly string[]): LeaseInput => ({ got: 'observed', lease: readLease(values) });
const ABSENT: LeaseInput = { got: 'read', lease: readLease(undefined) };

describe('a lease that is wanted', () => {
  it('is added if there is none, and work may start at once', () => {
    const lease = new Stepped().step(TAKE);
    expect(lease.effect).toEqual({ do: 'read' });
    lease.step(ABSENT);
    expect(lease.effect).toEqual({ do: 'add', lease: `held ${OWN} 17 t2 ${DURATION}` });
    lease.step(DONE);
    expect(mayWork(lease.state, lease.now)).toBe(true);
  });

  it.each(['free', 'left'])('is swapped at once from %s', (value) => {
    const lease = new Stepped().step(TAKE, read(value));
    expect(lease.effect).toEqual({ do: 'swap', from: value, to: `held ${OWN} 17 t2 ${DURATION}` });
    expect(lease.step(DONE).state).toMatchObject({ at: 'held', before: { is: value } });
  });

  it('is not read if it is known from earlier', () => {
    expect(new Stepped().step(observed('free'), TAKE).effect?.do).toBe('swap');
  });

  it('is read first, if that is asked for, and taken as it is then', () => {
    const lease = new Stepped().step(observed('free'), { ...TAKE, lookFirst: true });
    expect(lease.effect?.do).toBe('read');
    expect(lease.step(read(OTHER)).effect?.do).toBe('wait');
  });

  it.each([OTHER, 'paused other/1/b 9 o1 40000 3'])(
    'is taken from another when that has not changed for as long as it says: %s',
    (value) => {
      const lease = new Stepped().step(TAKE, read(value));
      const seen = lease.now;
      const does = () => lease.effect?.do;
      while (does() === 'wait') {
        lease.wait();
        if (does() === 'read') lease.step(read(value));
      }
      expect(lease.effect).toMatchObject({ do: 'swap', from: value });
      expect(lease.now - seen).toBe(40_000);
    },
  );

  it('is waited for again with each change of it', () => {
    const lease = new Stepped().step(TAKE, read(OTHER)).after(39_999).step(observed('held other/1/b 9 o2 40000'));
    for (let looks = 0; lease.effect?.do === 'wait' && looks < 44; looks += 1) {
      lease.wait().step(read('held other/1/b 9 o2 40000'));
    }
    expect(lease.effect?.do).toBe('wait');
  });

  it('is looked at while it is another one', () => {
    const lease = new Stepped().step(TAKE, read(OTHER));
    expect(lease.effect).toEqual({ do: 'wait', until: lease.now + LOOK_EVERY });
    expect(lease.wait().effect?.do).toBe('read');
    expect(lease.step(read('free')).effect?.do).toBe('swap');
  });

  it('is attempted after the spread only, and not if another service was seen to take it', () => {
    const lease = new Stepped({ spread: 12 }).step(observed('free'), TAKE);
    expect(lease.effect).toEqual({ do: 'wait', until: lease.now + 12 });
    expect(lease.step(observed(OTHER)).effect).toEqual({ do: 'wait', until: lease.now + LOOK_EVERY });
    lease.step(observed('left'));
    expect(lease.effect).toEqual({ do: 'wait', until: lease.now + 12 });
    expect(lease.wait().effect).toMatchObject({ do: 'swap', from: 'left' });
  });

  it('is taken at once after a restart in the own slot, but not from another slot or after a boot', () => {
    const own = `held ${OWN} 3 old 60000`;
    expect(new Stepped().step(TAKE, read(own)).effect).toMatchObject({ do: 'swap', from: own });
    for (const holder of ['web/2/b', 'web/1/c', 'other/1/b']) {
      expect(new Stepped({ holder }).step(TAKE, read(own)).effect?.do).toBe('wait');
    }
  });

  it('is read again if another service was first, and tried again after a pause if it is as it was', () => {
    const lease = new Stepped().step(TAKE, read('free'), REFUSED);
    expect(lease.effect).toEqual({ do: 'read' });
    expect(lease.step(read('free')).effect).toEqual({ do: 'wait', until: lease.now + RETRY_AFTER });
    expect(lease.wait().effect?.do).toBe('swap');
    expect(lease.step(REFUSED, read(OTHER)).state).toMatchObject({ at: 'waiting', seen: { lease: { is: 'held' } } });
  });

  it('is read if there was no answer: held if it shows the very value, and tried with a new one otherwise', () => {
    const lease = new Stepped().step(TAKE, read('free'));
    const { sent, now } = lease;
    lease.step(NO_ANSWER).wait();
    expect(lease.effect).toEqual({ do: 'read' });
    lease.step(NO_ANSWER).wait().step(read(sent));
    expect(lease.deadline).toBe(now + USABLE);

    const again = new Stepped().step(TAKE, read('free'));
    const first = again.sent;
    again.step(NO_ANSWER).wait().step(read('free')).wait();
    expect(again.effect).toMatchObject({ do: 'swap', from: 'free' });
    expect(again.sent).not.toBe(first);
    again.step(NO_ANSWER).wait().step(read(first));
    expect(again.state.at, 'an attempt that was carried out late is not the last one').toBe('waiting');
    expect(again.wait().effect).toMatchObject({ do: 'swap', from: first });
  });

  it.each([
    ['missing', ABSENT],
    ['free', read('free')],
  ])('is taken for an account in work only after it has been %s for one duration', (_, found) => {
    const lease = new Stepped().step(RESUME, found);
    const seen = lease.now;
    const does = () => lease.effect?.do;
    while (does() === 'wait') {
      lease.wait();
      if (does() === 'read') lease.step(found);
    }
    expect(lease.now - seen).toBe(DURATION);
    expect(mayResume(lease.step(DONE).state, lease.now)).toBe(true);
    const later = new Stepped({ spread: 12 }).step(observed('free'), TAKE, RESUME).after(12).step(TIME);
    expect(later.effect?.do, 'it came in work meanwhile').toBe('read');
    expect(new Stepped().step(RESUME, read('left')).effect?.do).toBe('swap');
  });

  it('is taken only one duration after somebody has deleted it', () => {
    const lease = new Stepped().step(TAKE, read(OTHER)).wait().step(ABSENT);
    const deleted = lease.now;
    const does = () => lease.effect?.do;
    while (does() === 'wait') {
      lease.wait();
      if (does() === 'read') lease.step(ABSENT);
    }
    expect(lease.effect?.do).toBe('add');
    expect(lease.now - deleted).toBe(DURATION);
    expect(new Stepped().held().wait().step(REFUSED, ABSENT, TAKE).effect?.do).toBe('wait');
  });

  it('does not take an own attempt that was carried out late for its own work', () => {
    const late = new Stepped({ spread: 12 }).step(observed('free'), RESUME, observed(`held ${OWN} 3 late 60000`));
    const seen = late.now;
    const does = () => late.effect?.do;
    while (does() === 'wait') {
      late.wait();
      if (does() === 'read') late.step(read(`held ${OWN} 3 late 60000`));
    }
    expect(late.now - seen).toBe(DURATION + 12);
    const asked = new Stepped().step(observed('free'), observed(`held ${OWN} 3 late 60000`), TAKE);
    expect(asked.effect?.do).toBe('swap');
    expect(mayResume(asked.step(DONE).state, asked.now)).toBe(false);
  });

  it('does not let resume what came in work without it', () => {
    const resumes = (found: LeaseInput) => {
      const lease = new Stepped().step(TAKE, found, DONE);
      return mayResume(lease.state, lease.now);
    };
    expect([resumes(read('free')), resumes(ABSENT), resumes(read('left'))]).toEqual([false, false, true]);
  });

  it('is left alone while nobody can tell whose it is', () => {
    const lease = new Stepped().step(TAKE, read('free', OTHER));
    for (let looks = 0; looks < 100; looks += 1) lease.wait().step(read('free', OTHER));
    expect(lease.state).toMatchObject({ at: 'waiting', seen: { lease: { is: 'unclear' } } });
    expect(lease.wait().step(read('free')).effect?.do).toBe('swap');
  });

  it('remembers what was read before it is wanted', () => {
    expect(new Stepped().step(read('free'), TAKE).effect).toMatchObject({ do: 'swap', from: 'free' });
    expect(new Stepped().step(TIME, DONE, TO_FREE)).toMatchObject({ state: NO_LEASE, effect: undefined });
  });

  it('is wanted since the first time, if it is asked for again for the same', () => {
    const lease = new Stepped().step(RESUME, ABSENT).after(DURATION / 2);
    const seen = lease.now - DURATION / 2;
    lease.step({ ...RESUME, job: '18' } as LeaseInput);
    const does = () => lease.effect?.do;
    while (does() === 'wait') {
      lease.wait();
      if (does() === 'read') lease.step(ABSENT);
    }
    expect(lease.sent).toContain(' 18 ');
    expect(lease.now - seen).toBe(DURATION);
  });

  it('is wanted since then, if the account came in work meanwhile', () => {
    const lease = new Stepped({ spread: 12 }).step(observed('free'), TAKE).after(10).step(RESUME);
    const since = lease.now;
    const does = () => lease.effect?.do;
    while (does() === 'wait') {
      lease.wait();
      if (does() === 'read') lease.step(read('free'));
    }
    expect(lease.now - since).toBe(DURATION + 12);
  });

  it('is read once, if it is asked for again during the read', () => {
    const lease = new Stepped().step(TAKE);
    lease.effect = undefined;
    lease.step({ ...TAKE, job: '18' } as LeaseInput);
    expect(lease.effect).toBeUndefined();
    expect(lease.state).toMatchObject({ at: 'waiting', doing: 'reading', purpose: { job: '18' } });
    expect(lease.step(read('free')).sent).toContain(' 18 ');
  });

  it('is kept if it is wanted again before the answer, and cannot be asked for twice', () => {
    const lease = new Stepped().step(TAKE, read('left'), TO_LEFT, TAKE, DONE);
    expect(lease.state).toMatchObject({ at: 'held', lease: { job: '17' } });
    expect(() => new Stepped().step(TAKE, read('free'), TAKE)).toThrow(TWICE);
  });

  it('waits before it reads what had no answer, and for its turn after a refusal', () => {
    const lease = new Stepped({ spread: 12 }).step(TAKE, read('free'));
    const sent = lease.effect;
    expect(lease.step(TIME, observed(OTHER)).effect, 'nothing follows before the answer').toEqual(sent);
    expect(lease.step(NO_ANSWER).effect).toEqual({ do: 'wait', until: lease.now + RETRY_AFTER });
    lease.wait().step(read('free'));
    expect(lease.effect).toEqual({ do: 'wait', until: lease.now + RETRY_AFTER + 12 });
  });

  it('is not attempted any more when it is not wanted, and given up if that was carried out', () => {
    const nothing = { do: 'nothing' };
    expect(new Stepped().step(TAKE, read(OTHER), TO_FREE)).toMatchObject({ state: { at: 'none' }, effect: nothing });
    const refused = new Stepped().step(TAKE, read('left'), TO_LEFT, REFUSED);
    expect(refused).toMatchObject({ state: { at: 'none' }, effect: nothing });
    const lease = new Stepped().step(TAKE, read('left'));
    const { sent } = lease;
    expect(lease.step(TO_LEFT, DONE).effect).toEqual({ do: 'swap', from: sent, to: 'left' });
    expect(lease.step(DONE).state.at).toBe('none');
  });
});

describe('a lease that is held', () => {
  it('is renewed half way to the deadline, which counts from the sending', () => {
    const lease = new Stepped().step(TAKE, read('free'));
    const { sent, now } = lease;
    lease.after(2_000).step(DONE);
    expect(lease.deadline).toBe(now + USABLE);
    expect(lease.effect).toEqual({ do: 'wait', until: now + USABLE / 2 });
    lease.wait();
    expect(lease.effect).toMatchObject({ do: 'swap', from: sent });
    expect(lease.sent).not.toBe(sent);
    expect(lease.after(3_000).step(DONE).deadline).toBe(now + USABLE / 2 + USABLE);
  });

  it('lapses at the deadline, and is held again by a renewal of the value that was written last', () => {
    const lease = new Stepped().held().wait();
    const first = lease.sent;
    lease.step(NO_ANSWER).after(DURATION);
    expect(mayWork(lease.state, lease.now)).toBe(false);
    lease.step(TIME, read(first));
    expect(lease.effect, 'that it was renewed long ago is not enough').toMatchObject({ do: 'swap', from: first });
    expect(mayWork(lease.state, lease.now)).toBe(false);
    expect(mayWork(lease.step(DONE).state, lease.now)).toBe(true);
  });

  it('sends a renewal without an answer again as it is', () => {
    const lease = new Stepped().held().wait();
    const { effect } = lease;
    const held = lease.effect?.do === 'swap' ? lease.effect.from : '';
    expect(lease.step(NO_ANSWER).wait().step(read(held)).wait().effect).toEqual(effect);
    expect(lease.step(REFUSED).effect?.do).toBe('read');
  });

  it.each([
    ['is missing', ABSENT],
    ['is free', read('free')],
    ['is another one', read(OTHER)],
    ["is an attempt of one's own that nobody knows of", read(`held ${OWN} 17 t0 60000`)],
  ])('is lost if it %s', (_, found) => {
    const lease = new Stepped().held().wait().step(REFUSED, found);
    expect(lease.state.at).toBe('lost');
    expect(mayWork(lease.state, lease.now)).toBe(false);
    expect(new Stepped().held().wait().step(REFUSED, found, TO_FREE).state.at).toBe('none');
    expect(lease.step(observed('free'), TIME).state.at, 'until it is wanted again').toBe('lost');
    expect(lease.step(TAKE).state.at).not.toBe('lost');
  });

  it('is not lost by what is observed late', () => {
    expect(new Stepped().held().step(observed('free'), observed(OTHER)).state.at).toBe('held');
  });

  it('cannot be taken twice', () => {
    expect(() => new Stepped().held().step(TAKE)).toThrow(TWICE);
  });
});

describe('a lease that is released', () => {
  it.each([
    ['free', TO_FREE],
    ['left', TO_LEFT],
  ])('says %s, by a swap of the own value', (value, release) => {
    const lease = new Stepped().held();
    lease.step(release);
    expect(lease.effect).toMatchObject({ do: 'swap', to: value });
    expect(lease.step(DONE).state).toMatchObject({ at: 'none', seen: { lease: { is: value } } });
  });

  it('is released after a renewal that is under way', () => {
    const lease = new Stepped().held().wait();
    const renewal = lease.sent;
    lease.step(TO_FREE);
    expect(lease.sent).toBe(renewal);
    expect(lease.step(DONE).effect).toEqual({ do: 'swap', from: renewal, to: 'free' });
  });

  it('is released at once while a renewal had no answer, and after a read that is under way', () => {
    const value = (lease: Stepped) => (lease.effect?.do === 'swap' ? lease.effect.from : '');
    const pausing = new Stepped().held().wait();
    const held = value(pausing);
    expect(pausing.step(NO_ANSWER, TO_FREE).effect).toEqual({ do: 'swap', from: held, to: 'free' });
    const reading = new Stepped().held().wait();
    const before = value(reading);
    expect(reading.step(REFUSED, TO_FREE).effect).toEqual({ do: 'read' });
    expect(reading.step(read(before)).effect).toEqual({ do: 'swap', from: before, to: 'free' });
  });

  it('says what was asked for first, if it is released twice', () => {
    const lease = new Stepped().held().step(TO_FREE, TO_LEFT, DONE);
    expect(lease.state).toMatchObject({ at: 'none', seen: { lease: { is: 'free' } } });
  });

  it('is released from the value that it has, if a renewal was carried out late', () => {
    const lease = new Stepped().held().wait();
    const renewal = lease.sent;
    lease.step(NO_ANSWER, TO_FREE, REFUSED).wait().step(read(renewal));
    expect(lease.effect).toEqual({ do: 'swap', from: renewal, to: 'free' });
  });

  it.each([['free'], [OTHER]])('is released after no answer, if it says %s', (value) => {
    const lease = new Stepped().held().step(TO_FREE, NO_ANSWER).wait().step(read(value));
    expect(lease.state).toMatchObject({ at: 'none', seen: { lease: { text: value } } });
  });

  it('is taken next if it was asked for again meanwhile', () => {
    const lease = new Stepped().held().step(TO_FREE, { ...TAKE, job: '18' } as LeaseInput, DONE);
    expect(lease.effect).toMatchObject({ do: 'swap', from: 'free', to: expect.stringContaining(' 18 ') });
  });

  it('is kept over a pause, in which nobody renews it, and is own after it by one swap', () => {
    const lease = new Stepped().held().step(TO_PAUSE);
    const paused = lease.sent;
    expect(paused).toMatch(/^paused web\/1\/b 17 t\d+ 660000 3$/);
    lease.step(DONE);
    expect(lease.state.at).toBe('paused');
    expect(lease.effect).toEqual({ do: 'nothing' });
    expect(lease.step(TIME, observed(OTHER)).state.at).toBe('paused');
    lease.after(700_000).step(TAKE);
    expect(lease.effect).toMatchObject({ do: 'swap', from: paused });
    expect(mayWork(lease.state, lease.now)).toBe(false);
    expect(mayWork(lease.step(DONE).state, lease.now)).toBe(true);
  });

  it.each([
    ['after the pause', [TO_PAUSE, DONE, TAKE, REFUSED]],
    ['at its beginning', [TO_PAUSE, NO_ANSWER, TIME]],
  ])('is lost if another service has it %s', (_, inputs) => {
    expect(new Stepped().held().step(...inputs, read(OTHER)).state.at).toBe('lost');
  });

  it('is released from a pause', () => {
    const lease = new Stepped().held().step(TO_PAUSE);
    const paused = lease.sent;
    expect(lease.step(DONE, TO_LEFT).effect).toEqual({ do: 'swap', from: paused, to: 'left' });
  });

  it('is released from a pause that is still being written', () => {
    const lease = new Stepped().held().step(TO_PAUSE);
    const paused = lease.sent;
    lease.step(NO_ANSWER, TO_FREE, TIME, read(paused));
    expect(lease.effect).toEqual({ do: 'swap', from: paused, to: 'free' });
    expect(lease.step(DONE).state.at).toBe('none');

    const again = new Stepped().held().step(TO_PAUSE);
    expect(again.step(TO_FREE, TAKE, DONE).state).toMatchObject({ at: 'held', purpose: { job: '17' } });
  });
});

it('writes a new value with each attempt, renewal and pause', () => {
  const lease = new Stepped().step(TAKE, read('free'));
  const values = [lease.sent];
  values.push(lease.step(DONE).wait().sent, lease.step(DONE).wait().sent, lease.step(DONE, TO_PAUSE).sent);
  expect(new Set(values).size).toBe(4);
  expect(values).not.toContain(heldLease({ holder: OWN, job: '17', turn: 't0', duration: DURATION }).text);
});
