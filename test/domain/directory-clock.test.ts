import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DirectoryClock } from '../../src/domain/directory-clock.ts';
import { entryOf } from '../../src/domain/entry.ts';

/** Far beyond every stamp. */
const LATE = () => 1_000_000_000_000_000;

describe("the directory's clock", () => {
  it('is not known before a stamp was seen', () => {
    const clock = new DirectoryClock(() => 5, LATE);
    expect(clock.now()).toBeUndefined();
    clock.takeStamp(undefined);
    clock.takeCurrentStamp(undefined);
    expect(clock.now()).toBeUndefined();
  });

  it('goes on with the time that passes here, and forward with younger stamps, never back with older ones', () => {
    let monotonic = 0;
    const clock = new DirectoryClock(() => monotonic, LATE);
    clock.takeStamp(1_000);
    monotonic = 50;
    expect(clock.now()).toBe(1_050);
    clock.takeStamp(2_000);
    clock.takeStamp(10);
    expect(clock.now()).toBe(2_000);
  });

  it('is what is written just now says, also where older stamps lie ahead', () => {
    const clock = new DirectoryClock(() => 0, LATE);
    clock.takeStamp(9_000);
    clock.takeCurrentStamp(2_000);
    expect(clock.now()).toBe(2_000);
    clock.takeStamp(9_000);
    expect(clock.now()).toBe(2_000);
    clock.takeCurrentStamp(3_000);
    expect(clock.now()).toBe(3_000);
  });

  it('does not believe an old stamp that is ahead of this host', () => {
    const clock = new DirectoryClock(
      () => 0,
      () => 5_000,
    );
    clock.takeStamp(9_000);
    expect(clock.now()).toBe(5_000);
    clock.takeCurrentStamp(9_000);
    expect(clock.now()).toBe(9_000);
  });

  it('is shown by changes and by the answers to writes, and only bounded by what is read', async () => {
    const entry = (stamp: string) => entryOf('uid=a', { modifyTimestamp: stamp });
    const at = (second: number) => Date.UTC(2026, 0, 1, 0, 0, second);
    const clock = new DirectoryClock(() => 0, LATE);
    clock.takeChange({ kind: 'entry', change: 'refresh', entry: entry('20260101000009Z') });
    expect(clock.now()).toBe(at(9));
    clock.takeChange({ kind: 'entry', change: 'modify', entry: entry('20260101000002Z') });
    expect(clock.now()).toBe(at(2));
    clock.takeChange({ kind: 'entry', change: 'list', entry: entry('20260101000009Z') });
    clock.takeChange({ kind: 'refreshed', entries: 1, milliseconds: 1, directoryTime: at(9) });
    const answers = [entry('20260101000009Z'), entry('20260101000009Z'), entry('20260101000003Z'), undefined];
    const next = () => Promise.resolve(answers.shift());
    const directory = clock.observing({ read: next, find: next, modify: next });
    await directory.read('uid=a');
    await directory.find('a');
    expect(clock.now()).toBe(at(2));
    await directory.modify('uid=a', []);
    await directory.modify('uid=a', []);
    expect(clock.now()).toBe(at(3));
  });

  it('is never ahead of the real one, whatever stamps are seen and when', () => {
    const sighting = fc.record({ pause: fc.nat(10_000), age: fc.nat(100_000) });
    fc.assert(
      fc.property(fc.array(sighting), fc.integer(), (sightings, ahead) => {
        let monotonic = 0;
        const clock = new DirectoryClock(() => monotonic, LATE);
        for (const { pause, age } of sightings) {
          monotonic += pause;
          clock.takeStamp(monotonic + ahead - age);
          expect(clock.now()).toBeLessThanOrEqual(monotonic + ahead);
        }
      }),
    );
  });
});
