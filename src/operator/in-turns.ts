import { setImmediate as turn } from 'node:timers/promises';

/** A text as a stream of its pieces: each is made only when it is wanted, and after everybody else has had a turn. */
export function inTurns(text: Iterable<string>): ReadableStream<Uint8Array> {
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
