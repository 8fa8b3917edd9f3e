import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PacedReader } from '../../src/ldap/paced-reader.ts';
import { octetString, sequence } from '../../src/ldap/wire/ber.ts';
import { Framer } from '../../src/ldap/wire/framer.ts';

const message = (number: number, size = 0) => sequence(octetString(`#${number} ${'x'.repeat(size)}`));
const numberOf = (bytes: Buffer, start: number, end: number) =>
  Number(/#(\d+) /.exec(bytes.toString('latin1', start, end))?.[1]);

/** A reader that records its messages. The test provides the clock. */
function reading(now: () => number) {
  const seen: number[] = [];
  const framer = new Framer((bytes, start, end) => seen.push(numberOf(bytes, start, end)));
  let readsOn = 0;
  const reader = new PacedReader(
    (bytes, shouldContinue) => framer.push(bytes, shouldContinue),
    () => {
      readsOn += 1;
    },
    now,
  );
  return { reader, seen, readsOn: () => readsOn };
}

/** A clock that advances by more than a slice between two looks. */
function fastClock(): () => number {
  let now = 0;
  return () => {
    now += 1_000;
    return now;
  };
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('the paced reader', () => {
  it('decodes all that it is given, and wants more, as long as the slice is not over', () => {
    const { reader, seen, readsOn } = reading(() => 0);
    expect(reader.take(Buffer.concat(numbers(1_000).map((number) => message(number))))).toBe(true);
    expect(seen).toEqual(numbers(1_000));
    expect(reader.hasPending).toBe(false);
    expect(readsOn()).toBe(0);
  });

  it('gives all others a turn when a slice is over, goes on where it stopped, and reads on when nothing is left', async () => {
    const { reader, seen, readsOn } = reading(fastClock());
    const chunk = Buffer.concat(numbers(100).map((number) => message(number)));
    expect(reader.take(chunk)).toBe(false);
    chunk.fill(0);
    expect(reader.hasPending).toBe(true);
    for (let before = 0; seen.length < 100; await turn()) {
      expect(seen.length - before).toBeGreaterThan(0);
      expect(seen.length - before).toBeLessThan(20);
      expect(readsOn()).toBe(0);
      before = seen.length;
    }
    expect(seen).toEqual(numbers(100));
    for (let turns = 0; readsOn() === 0 && turns < 5; turns += 1) await turn();
    expect(readsOn()).toBe(1);
    reader.stop();
  });

  it('rests after many small slices as after one long one', async () => {
    let now = 0;
    const { reader } = reading(() => {
      now += 0.05;
      return now;
    });
    const wanted = numbers(1_000).map((number) => reader.take(message(number)));
    expect(wanted).toContain(false);
    reader.stop();
  });

  it('gives the messages in order, whatever the cuts, the pauses, and what comes while it rests', async () => {
    const sizes = fc.array(fc.oneof(fc.nat(50), fc.integer({ min: 200, max: 3_000 })), { maxLength: 60 });
    const cuts = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 20 });
    const ticks = fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { minLength: 1, maxLength: 20 });
    const rude = fc.array(fc.boolean(), { minLength: 1, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(sizes, cuts, ticks, rude, async (lengths, pieces, steps, comesAnyway) => {
        let now = 0;
        let looks = 0;
        const { reader, seen, readsOn } = reading(() => {
          now += steps[looks++ % steps.length] ?? 0;
          return now;
        });
        const stream = Buffer.concat(lengths.map((length, number) => message(number, length)));
        const reused = Buffer.alloc(5_000);
        for (let offset = 0, piece = 0; offset < stream.length; piece += 1) {
          const length = Math.min(pieces[piece % pieces.length] ?? 1, stream.length - offset);
          stream.copy(reused, 0, offset, offset + length);
          offset += length;
          const before = readsOn();
          const isReading = reader.take(reused.subarray(0, length));
          reused.fill(0xff);
          while (!isReading && readsOn() === before && !comesAnyway[piece % comesAnyway.length]) await turn();
        }
        while (reader.hasPending) await turn();
        expect(seen).toEqual(numbers(lengths.length));
        reader.stop();
      }),
      { numRuns: 200 },
    );
  });

  it('decodes what it keeps at once when it is asked to finish', () => {
    const { reader, seen } = reading(fastClock());
    reader.take(Buffer.concat(numbers(100).map((number) => message(number))));
    reader.take(message(100));
    reader.finish();
    expect(seen).toEqual(numbers(101));
    expect(reader.hasPending).toBe(false);
    reader.stop();
  });

  it('decodes nothing any more once it is stopped, and reads no further', async () => {
    const { reader, seen, readsOn } = reading(fastClock());
    reader.take(Buffer.concat(numbers(100).map((number) => message(number))));
    const before = seen.length;
    reader.stop();
    for (let turns = 0; turns < 3; turns += 1) await turn();
    expect(reader.take(message(100))).toBe(false);
    reader.finish();
    expect(seen).toHaveLength(before);
    expect(readsOn()).toBe(0);
  });
});
