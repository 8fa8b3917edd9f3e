import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OutputLines, printable } from '../../src/script/output-lines.ts';

const limits = { lineBytes: 20, lines: 6, bytes: 60 };

function collect(chunks: ReadonlyArray<readonly ['stdout' | 'stderr', Buffer]>, bounds = limits) {
  const lines: string[] = [];
  const output = new OutputLines((_, line) => lines.push(line), bounds);
  for (const [stream, chunk] of chunks) output.write(stream, chunk);
  output.end();
  return lines;
}

describe('the lines of a script', () => {
  it('come out the same however the bytes are cut', () => {
    const pieces = fc.array(fc.oneof(fc.string(), fc.constant('\n'), fc.constant('é€😀'), fc.constant('x'.repeat(30))));
    fc.assert(
      fc.property(pieces, fc.array(fc.nat(40), { minLength: 1 }), (texts, cuts) => {
        const bytes = Buffer.from(texts.join(''));
        const chunks: Array<readonly ['stdout', Buffer]> = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = 1 + (cuts[turn % cuts.length] ?? 0);
          chunks.push(['stdout', bytes.subarray(at, at + size)]);
          at += size;
        }
        expect(collect(chunks)).toEqual(collect([['stdout', bytes]]));
      }),
    );
  });

  it('are bounded in length and number, and printable, whatever the bytes', () => {
    const chunk = fc.tuple(fc.constantFrom('stdout' as const, 'stderr' as const), fc.uint8Array({ maxLength: 100 }));
    fc.assert(
      fc.property(fc.array(chunk), (chunks) => {
        const lines = collect(chunks.map(([stream, bytes]) => [stream, Buffer.from(bytes)] as const));
        expect(lines.length).toBeLessThanOrEqual(limits.lines + 1);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: it finds control characters
        for (const line of lines) expect(line).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/);
      }),
    );
  });

  it('account for every line: forwarded, or counted at the end', () => {
    const lines = collect([['stdout', Buffer.from('a\n'.repeat(50))]]);
    expect(lines).toEqual([...'aaaaaa', '[the script wrote too much: 44 further lines (88 bytes) are left out]']);
  });

  it('never cut a character in two', () => {
    for (const [text, kept] of [
      ['é', 10],
      ['€', 6],
      ['😀', 5],
    ] as const) {
      const [line] = collect([['stdout', Buffer.from(`${text.repeat(40)}\n`)]]);
      expect(line?.startsWith(text.repeat(kept))).toBe(true);
      expect(line).not.toContain('\ufffd');
    }
  });

  it('are kept without bytes that nobody will see: a line without end costs no memory', () => {
    const output = new OutputLines(() => {});
    const before = process.memoryUsage().arrayBuffers;
    const chunk = Buffer.alloc(65536, 'x');
    for (let count = 0; count < 2000; count++) output.write('stdout', chunk);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
    output.end();
  });

  it('lose the carriage return at their end, and show what a terminal would obey', () => {
    expect(printable('done\r')).toBe('done');
    expect(printable('10%\r20%')).toBe('10%\\r20%');
    expect(printable('\x1b]0;title\x07\ttab\u202ertl\u2028')).toBe('\\x1b]0;title\\x07\ttab\\u202ertl\\u2028');
    expect(printable('Grüße, 日本 😀')).toBe('Grüße, 日本 😀');
  });
});
