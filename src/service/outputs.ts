import type { Settings } from '../../config/schema.ts';
import type { PublishedEvent } from '../domain/event.ts';
import { visible } from '../domain/visible.ts';
import { wantsColour } from '../observability/colour.ts';
import { clockTime } from '../observability/human-time.ts';
import { createLogger, type Log } from '../observability/log.ts';
import { createProcessOutput } from '../observability/process-output.ts';
import { renderEvent, renderJson } from '../observability/render-event.ts';

export interface ServiceOutputOptions {
  readonly log: Settings['log'];
  /**
   * How events are printed on standard output: as text, or as one JSON object a line. false:
   * standard output gets the log.
   */
  readonly debug: false | 'pretty' | 'json';
  readonly now: () => Date;
}

/** The outputs of a running service. */
export interface ServiceOutputs {
  readonly log: Log;
  /** Prints an event if events are printed. */
  readonly print: (event: PublishedEvent) => void;
  /**
   * Reports a fault of the service itself, in a sentence. It goes to the log, and to standard error
   * if the log is not shown there. The level `error` means that an operator has to act. Default:
   * `warn`.
   */
  readonly notice: (message: string, level?: 'warn' | 'error') => void;
  /** Resolves when everything is written, or after some seconds. */
  close(): Promise<void>;
}

export function openServiceOutputs({ log: settings, debug, now }: ServiceOutputOptions): ServiceOutputs {
  const { env, stdout, stderr } = process;
  const printing = debug !== false;
  const time = () => now().toISOString();
  const lossNote = (missed: number, why: string) =>
    debug === 'json'
      ? `${JSON.stringify({ time: time(), event: 'missed', missed })}\n`
      : `... ${missed} lines are missing here: ${why}\n`;
  const colour = wantsColour(stdout, env);
  const standardError = createProcessOutput(stderr, { lossNote });
  const writeNotice = (message: string): void => {
    standardError.write(`${clockTime(time())}  ${'notice'.padEnd(12)}  ${visible(message)}\n`);
  };
  const log = createLogger({
    ...settings,
    console: printing ? null : stdout,
    colour,
    env,
    now,
    onUnseenProblem: writeNotice,
  });
  const notice: ServiceOutputs['notice'] = (message, level = 'warn') => {
    log.logger.log(level, message);
    if (printing) writeNotice(message);
  };
  const failed = (reason: string) => notice(`standard output cannot be written (${reason}); check its free space`);
  const events = printing ? createProcessOutput(stdout, { lossNote, failed }) : undefined;
  const render = (event: PublishedEvent) => (debug === 'json' ? renderJson(event) : renderEvent(event, { colour }));
  return {
    log,
    print: (event) => events?.write(`${render(event)}\n`),
    notice,
    close: async () => {
      await Promise.all([log.close(), events?.close()]);
      await standardError.close();
    },
  };
}
