import { setImmediate as turn } from 'node:timers/promises';

/**
 * A text as a stream of its pieces. Each piece is made when it is wanted, after other pending work
 * has had its turn.
 */
export function pacedStream(text: Iterable<string>): ReadableStream<Uint8Array> {
  const pieces = text[Symbol.iterator]();
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      await turn();
      const { done, value } = pieces.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
  });
}
