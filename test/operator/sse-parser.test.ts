import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSse } from '../../src/operator/sse-parser.ts';

const STREAM =
  'id: a-1\nretry: 1000\n\n: alive\n\nid: a-2\nevent: queued\ndata: {"x":1}\n\nevent: dropped\r\ndata: one\r\ndata:two\r\n\r\n';
const MESSAGES = [
  { event: 'message', data: '', id: 'a-1' },
  { event: 'queued', data: '{"x":1}', id: 'a-2' },
  { event: 'dropped', data: 'one\ntwo', id: 'a-2' },
];

describe('the parser of event streams', () => {
  it('gives the same messages wherever the text was cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(STREAM.length)), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), STREAM.length];
        const parse = parseSse();
        const messages = places.slice(1).flatMap((end, index) => parse(STREAM.slice(places[index], end)));
        expect(messages).toEqual(MESSAGES);
      }),
    );
  });

  it('does not fill the memory with a line that has no end', () => {
    const parse = parseSse();
    expect(() => {
      for (let n = 0; n < 100; n++) parse('x'.repeat(100_000));
    }).toThrow(RangeError);
  });
});
