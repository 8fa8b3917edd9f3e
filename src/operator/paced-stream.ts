import { setImmediate as turn } from 'node:timers/promises';

/**
 * A text as a stream of its pieces. Each piece is made when it is wanted, after other pending work
 * has had its turn. A piece may be empty.
 */
export function pacedStream(text: Iterable<string>): ReadableStream<Uint8Array> {
  const pieces = text[Symbol.iterator]();
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      for (;;) {
        await turn();
        const { done, value } = pieces.next();
        if (value === '') continue;
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
        return;
      }
    },
  });
}
