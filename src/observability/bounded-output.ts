import type { Writable } from 'node:stream';
import type { Output, OutputOptions } from './output.ts';

export interface BoundedOutputOptions extends Pick<OutputOptions, 'leftOut'> {
  /** How much may wait for the reader, in characters. Default: 4 Mi. */
  readonly mostWaiting?: number;
  /** Milliseconds that `close` waits for the reader. Default: 2 s. */
  readonly closeWithin?: number;
}

const MOST_WAITING = 4 * 2 ** 20;
const CLOSE_WITHIN = 2_000;

/**
 * Text to a stream of the process whose reader may be slow, stand still or go away; `close` resolves to false where it did. Node.js
 * keeps what a pipe does not take, without bound: this keeps so much and no more. States: `open`; `full`: a reader that takes
 * nothing, until it has taken all that waits; `over`: the reader went away, or `close`.
 */
export function createBoundedOutput(stream: Writable, options: BoundedOutputOptions): Output {
  const { mostWaiting = MOST_WAITING, closeWithin = CLOSE_WITHIN } = options;
  const leftOut = (texts: number) => options.leftOut(texts, 'nobody read them in time');
  let missed = 0;
  let over = false;

  const onDrain = (): void => {
    if (missed > 0) stream.write(leftOut(missed));
    missed = 0;
  };
  const onError = (): void => {
    over = true;
  };
  stream.on('drain', onDrain);
  stream.on('error', onError);

  return {
    write: (text) => {
      if (over) return;
      if (missed > 0 || stream.writableLength > mostWaiting) missed += 1;
      else stream.write(text);
    },
    close: () =>
      new Promise((resolve) => {
        const settle = (allOut: boolean): void => {
          clearTimeout(deadline);
          stream.off('drain', onDrain);
          resolve(allOut);
        };
        const deadline = setTimeout(() => settle(false), closeWithin);
        if (over) settle(false);
        else stream.write(missed > 0 ? leftOut(missed) : '', (error) => settle(error === undefined || error === null));
        missed = 0;
        over = true;
      }),
  };
}
