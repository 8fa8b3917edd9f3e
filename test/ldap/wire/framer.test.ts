import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DirectoryError } from '../../../src/domain/directory-error.ts';
import { octetString, sequence } from '../../../src/ldap/wire/ber.ts';
import { Framer } from '../../../src/ldap/wire/framer.ts';

function collecting(limit?: number) {
  const frames: string[] = [];
  const framer = new Framer((bytes, start, end) => frames.push(bytes.toString('hex', start, end)), limit);
  return { frames, framer };
}

describe('the framer', () => {
  it('gives the messages back, however large they are and however the stream is cut', () => {
    const size = fc.oneof(fc.nat(300), fc.integer({ min: 60_000, max: 140_000 }));
    fc.assert(
      fc.property(
        fc.array(size, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 20 }),
        (sizes, cuts) => {
          const messages = sizes.map((length, index) => sequence(octetString(Buffer.alloc(length, index))));
          const stream = Buffer.concat(messages);
          const { frames, framer } = collecting();
          for (let offset = 0, turn = 0; offset < stream.length; turn += 1) {
            const taken = cuts[turn % cuts.length] ?? 1;
            framer.push(stream.subarray(offset, offset + taken));
            offset += taken;
          }
          expect(frames).toEqual(messages.map((message) => message.toString('hex')));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('hands on a message that lies whole in a chunk without copying it', () => {
    const chunk = Buffer.concat([sequence(octetString('one')), sequence(octetString('two'))]);
    const seen: Buffer[] = [];
    new Framer((bytes) => seen.push(bytes)).push(chunk);
    expect(seen).toEqual([chunk, chunk]);
    expect(seen.every((bytes) => bytes === chunk)).toBe(true);
  });

  it('refuses a message above the limit as soon as its length is known', () => {
    const { framer } = collecting(100);
    expect(() => framer.push(Buffer.from('3083000065', 'hex'))).toThrow('announced a message of 106 bytes; 100');
    expect(() => collecting().framer.push(Buffer.from('3084ffffffff', 'hex'))).toThrow(DirectoryError);
  });

  it('does not set aside what a length merely announces', () => {
    const { framer } = collecting();
    const before = process.memoryUsage().arrayBuffers;
    framer.push(Buffer.from('3083fffff0', 'hex'));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
    expect(framer.idle).toBe(false);
  });

  it.each(['04', '6100', '3080', '308501', 'ff'])('refuses what does not begin a message: %s', (digits) => {
    expect(() => collecting().framer.push(Buffer.from(digits, 'hex'))).toThrow(DirectoryError);
    const dribbled = collecting().framer;
    expect(() => {
      for (const byte of Buffer.from(digits, 'hex')) dribbled.push(Buffer.of(byte));
    }).toThrow(DirectoryError);
  });
});
