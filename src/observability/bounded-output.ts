import type { Writable } from 'node:stream';
import type { Output, OutputOptions } from './output.ts';

export interface BoundedOutputOptions extends Pick<OutputOptions, 'lossNote'> {
  /** How many characters may wait for the reader. Default: 4 Mi. */
  readonly mostWaiting?: number;
  /** How long `close` waits for the reader, in milliseconds. Default: 2 s. */
  readonly closeWithin?: number;
}

const MOST_WAITING = 4 * 2 ** 20;
const CLOSE_WITHIN = 2_000;

/**
 * Writes text to a stream of the process. Its reader may be slow, stop reading or close the stream.
 * `close` resolves to false if the reader did not take everything. Node.js buffers without a limit
 * what a pipe does not take. This output has a limit, and counts the texts beyond it.
 *
 * States:
 *   open -> full     more than `mostWaiting` characters wait
 *   full -> open     the reader has taken all of them
 *   any -> ended     the stream failed, or `close` was called
 */
export function createBoundedOutput(stream: Writable, options: BoundedOutputOptions): Output {
  const { mostWaiting = MOST_WAITING, closeWithin = CLOSE_WITHIN } = options;
  const lossNote = (texts: number) => options.lossNote(texts, 'the reader was too slow');
  let missed = 0;
  let ended = false;

  const onDrain = (): void => {
    if (missed > 0) stream.write(lossNote(missed));
    missed = 0;
  };
  const onError = (): void => {
    ended = true;
  };
  stream.on('drain', onDrain);
  stream.on('error', onError);

  return {
    write: (...texts) => {
      if (ended) return;
      if (missed > 0 || stream.writableLength > mostWaiting) missed += texts.length;
      else stream.write(texts.join(''));
    },
    close: () =>
      new Promise((resolve) => {
        const finish = (allOut: boolean): void => {
          clearTimeout(deadline);
          stream.off('drain', onDrain);
          resolve(allOut);
        };
        const deadline = setTimeout(() => finish(false), closeWithin);
        if (ended) finish(false);
        else stream.write(missed > 0 ? lossNote(missed) : '', (error) => finish(error === undefined || error === null));
        missed = 0;
        ended = true;
      }),
  };
}
