import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DirectoryError } from '../../../src/domain/directory-error.ts';
import { BerReader, element, enumerated, octetString, sequence, Tag } from '../../../src/ldap/wire/ber.ts';
import { Framer } from '../../../src/ldap/wire/framer.ts';
import { encodeMessage, findControl, Operation, readMessage } from '../../../src/ldap/wire/message.ts';

function collecting(limit?: number) {
  const frames: string[] = [];
  const framer = new Framer(
    (bytes, start, end) => frames.push(bytes.toString('hex', start, end)),
    limit === undefined ? {} : { limit },
  );
  return { frames, framer };
}

/**
 * Pushes the stream in pieces of these sizes, over and over, and stops after a message if `stops`
 * says so.
 */
function pushCut(framer: Framer, stream: Buffer, cuts: readonly number[], stops: readonly boolean[] = [false]): void {
  let messages = 0;
  const shouldContinue = () => !stops[messages++ % stops.length];
  for (let offset = 0, turn = 0; offset < stream.length; turn += 1) {
    const end = Math.min(offset + (cuts[turn % cuts.length] ?? 1), stream.length);
    while (offset < end) offset += framer.push(stream.subarray(offset, end), shouldContinue);
  }
}

describe('the framer', () => {
  it('gives the messages back, however large they are, however the stream is cut and wherever it is stopped', () => {
    const size = fc.oneof(fc.nat(300), fc.integer({ min: 60_000, max: 140_000 }));
    fc.assert(
      fc.property(
        fc.array(size, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 20 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
        (sizes, cuts, stops) => {
          const messages = sizes.map((length, index) => sequence(octetString(Buffer.alloc(length, index))));
          const { frames, framer } = collecting();
          pushCut(framer, Buffer.concat(messages), cuts, stops);
          expect(frames).toEqual(messages.map((message) => message.toString('hex')));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('stops after the message after which it is asked to, and says how far that was', () => {
    const [one, two] = [sequence(octetString('one')), sequence(octetString('two'))];
    const { frames, framer } = collecting();
    const stream = Buffer.concat([one, two, two.subarray(0, 3)]);
    expect(framer.push(stream, () => false)).toBe(one.length);
    expect(frames).toEqual([one.toString('hex')]);
    expect(framer.push(stream.subarray(one.length))).toBe(stream.length - one.length);
    expect(frames).toHaveLength(2);
    expect(framer.idle).toBe(false);
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

function entryMessage(id: number, dn: string, size: number, control: string): Buffer {
  const attribute = sequence(octetString('description'), element(Tag.set, octetString(Buffer.alloc(size, id))));
  const entry = element(Operation.searchResultEntry, octetString(dn), sequence(attribute));
  return encodeMessage(id, entry, [{ type: '1.2.3', criticality: false, value: octetString(control) }]);
}

function shortening(limit: number) {
  const told: string[] = [];
  const framer = new Framer((bytes, start, end) => told.push(`whole ${readMessage(bytes, start, end).id}`), {
    limit,
    shortened: (bytes, length) => {
      const message = readMessage(bytes);
      const entry = new BerReader(bytes, message.start, message.end);
      const dn = entry.text();
      entry.next(Tag.sequence);
      expect(entry.start).toBe(entry.stop);
      told.push(`${message.id} ${dn} ${findControl(message, '1.2.3')?.text()} ${length}`);
    },
  });
  return { told, framer };
}

describe('the framer, of messages above the limit', () => {
  it('tells id, DN, controls and length, and gives all others back, however the stream is cut', () => {
    const size = fc.oneof(fc.nat(300), fc.integer({ min: 900, max: 1_100 }), fc.integer({ min: 60_000, max: 300_000 }));
    fc.assert(
      fc.property(
        fc.array(fc.record({ size, dn: fc.string({ maxLength: 300, unit: 'grapheme' }), control: fc.string() }), {
          maxLength: 5,
        }),
        fc.array(fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 70_000 })), {
          minLength: 1,
          maxLength: 20,
        }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
        (entries, cuts, stops) => {
          const messages = entries.map((entry, at) => entryMessage(at + 1, entry.dn, entry.size, entry.control));
          const { told, framer } = shortening(1_000);
          pushCut(framer, Buffer.concat(messages), cuts, stops);
          expect(framer.idle).toBe(true);
          expect(told).toEqual(
            entries.map(({ dn, control }, at) => {
              const length = messages[at]?.length ?? 0;
              return length <= 1_000 ? `whole ${at + 1}` : `${at + 1} ${dn} ${control} ${length}`;
            }),
          );
        },
      ),
      { numRuns: 100 },
    );
  });

  it('keeps no more memory for one of them than for its two ends', () => {
    const { told, framer } = shortening(1_000_000);
    const whole = entryMessage(1, 'uid=1', 200_000_000, 'c');
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    for (let offset = 0; offset < whole.length; offset += 65_536) {
      framer.push(whole.subarray(offset, offset + 65_536));
      most = Math.max(most, process.memoryUsage().arrayBuffers);
    }
    expect(most - before).toBeLessThan(2_000_000);
    expect(told).toEqual([`1 uid=1 c ${whole.length}`]);
  });

  it('keeps the code of a result whose words, referrals or controls are what is large', () => {
    const large = 'x'.repeat(200_000);
    const results = [
      element(Operation.modifyResponse, enumerated(0), octetString(''), octetString('')),
      element(Operation.modifyResponse, enumerated(16), octetString(''), octetString(large)),
      element(
        Operation.searchResultDone,
        enumerated(10),
        octetString(''),
        octetString(''),
        element(0xa3, octetString(large)),
      ),
    ];
    const codes: number[] = [];
    const framer = new Framer(() => {}, {
      limit: 1_000,
      shortened: (bytes) => {
        const message = readMessage(bytes);
        codes.push(new BerReader(bytes, message.start, message.end).integer(Tag.enumerated));
        expect(bytes.length).toBeLessThan(1_000);
        expect(findControl(message, '1.3.6.1.1.13.2')).toBeUndefined();
      },
    });
    const control = { type: '1.3.6.1.1.13.2', criticality: false, value: Buffer.alloc(200_000) };
    for (const [index, result] of results.entries()) {
      framer.push(encodeMessage(index + 1, result, index === 0 ? [control] : []));
    }
    expect(codes).toEqual([0, 16, 10]);
  });

  it('leaves the URIs of a reference out, and refuses a message of a kind that is never large', () => {
    const reference = element(Operation.searchResultReference, octetString(`ldap://${'x'.repeat(200_000)}`));
    const kinds: number[] = [];
    const framer = new Framer(() => {}, {
      limit: 1_000,
      shortened: (bytes) => kinds.push(readMessage(bytes).operation),
    });
    framer.push(encodeMessage(1, reference));
    expect(kinds).toEqual([Operation.searchResultReference]);
    const info = element(Operation.intermediateResponse, octetString(Buffer.alloc(200_000), 0x81));
    expect(() => framer.push(encodeMessage(2, info))).toThrow(DirectoryError);
  });

  it('refuses one that is too large to be anything but damage', () => {
    const { framer } = shortening(1_000);
    framer.push(Buffer.from('30843fffff00', 'hex'));
    expect(framer.idle).toBe(false);
    expect(() => shortening(1_000).framer.push(Buffer.from('308440000000', 'hex'))).toThrow('announced a message of');
    expect(() => shortening(1_000).framer.push(Buffer.from('3084ffffffff', 'hex'))).toThrow(DirectoryError);
  });

  it('ends with well-formed messages or a DirectoryError, whichever bytes of them are damaged', () => {
    const stream = Buffer.concat([
      entryMessage(1, 'uid=1,dc=example', 90_000, 'control'),
      encodeMessage(2, element(Operation.modifyResponse, enumerated(0), octetString(''), octetString('')), [
        { type: '1.2.3', criticality: false, value: Buffer.alloc(70_000) },
      ]),
      entryMessage(3, 'uid=3,dc=example', 10, 'control'),
    ]);
    const near = fc.oneof(fc.nat(40), fc.nat(stream.length - 1), fc.integer({ min: 90_000, max: 90_200 }));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(near, fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 5 }),
        (damages, cuts) => {
          const damaged = Buffer.from(stream);
          for (const [at, byte] of damages) damaged[at] = byte;
          const framer = new Framer(() => {}, {
            limit: 1_000,
            shortened: (bytes, length) => {
              readMessage(bytes);
              expect(length).toBeGreaterThan(1_000);
            },
          });
          try {
            pushCut(framer, damaged, cuts);
          } catch (error) {
            expect(error).toBeInstanceOf(DirectoryError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
