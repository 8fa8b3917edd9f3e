import { setImmediate as turn } from 'node:timers/promises';

/**
 * Returns the pieces of a text as a stream. Each piece is created when the client can take it,
 * after other pending work has run. A piece may be empty.
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
