import type { Settings } from '../config/schema.ts';
import { ReturnCode } from './domain/return-code.ts';
import { AlreadyRunning, lockInstance } from './instance-lock.ts';
import { wantsColour } from './observability/colour.ts';
import { createEventPublisher } from './observability/publish.ts';
import { renderEvent } from './observability/render-event.ts';
import { openOperator } from './open-operator.ts';
import { createService, type Service } from './service.ts';

export interface RunOptions {
  readonly debug: boolean;
  readonly dryRun: boolean;
}

/** The command `run`: everything around the service. Resolves to the exit code of the process. */
export async function runService(settings: Settings, options: RunOptions): Promise<number> {
  const { env, stdout, stderr } = process;
  const publisher = createEventPublisher({ now: () => new Date() });
  const notice = (message: string): void => {
    stderr.write(`${message}\n`);
  };
  if (options.debug) {
    const colour = wantsColour(stdout, env);
    publisher.listen((event) => stdout.write(`${renderEvent(event, { colour })}\n`));
  }
  const unlock = settings.instances === 'one' && !options.dryRun ? await lock(settings, notice) : () => {};
  if (unlock === undefined) return ReturnCode.UNDEFINED_ERROR;
  const operator = await openOperator(settings, publisher.events$, notice);
  const service = createService({ settings, env, report: publisher.report, notice, dryRun: options.dryRun });
  const release = onSignals(service);
  try {
    return await service.run();
  } finally {
    release();
    unlock();
    await operator?.close();
  }
}

async function lock(settings: Settings, notice: (message: string) => void): Promise<(() => void) | undefined> {
  try {
    return await lockInstance(settings.directory.url, settings.directory.base);
  } catch (error) {
    if (!(error instanceof AlreadyRunning)) throw error;
    notice(error.message);
    return undefined;
  }
}

/** The first SIGTERM or SIGINT drains, the second one stops at once. */
function onSignals(service: Service): () => void {
  let asked = false;
  const stop = (): void => {
    if (asked) service.stopNow();
    else service.drain();
    asked = true;
  };
  const signals = ['SIGTERM', 'SIGINT'] as const;
  for (const signal of signals) process.on(signal, stop);
  return () => {
    for (const signal of signals) process.off(signal, stop);
  };
}
