import type { Settings } from '../config/schema.ts';
import { handlerFacts } from './handler-facts.ts';
import type { EventPublisher } from './observability/publish.ts';
import { recordTo } from './operator/recorder.ts';
import type { ServiceOptions } from './service.ts';
import { rulesOf } from './site.ts';
import { programVersion } from './version.ts';

export interface OpenRecord {
  /** What the service must tell beside its events. */
  readonly hooks: Required<Pick<ServiceOptions, 'observe' | 'observeAnswer' | 'observeOutcome'>>;
  close(): Promise<void>;
}

/** Begins to keep a record of the service; SIGHUP goes on in a new file, as for the log. */
export function openRecord(
  file: string,
  settings: Settings,
  dryRun: boolean,
  publisher: EventPublisher,
  notice: (message: string) => void,
): OpenRecord {
  const { attributes, timeZone, concurrency, instances, retry, directory } = settings;
  const { longestMilliseconds: longestHandlerMilliseconds } = handlerFacts(settings);
  const recorder = recordTo({
    file,
    version: programVersion(),
    settings: {
      attributes,
      accounts: rulesOf(settings),
      timeZone,
      concurrency,
      instances,
      retry,
      longestHandlerMilliseconds,
      behindAfterMilliseconds: directory.behindAfter,
      dryRun,
    },
    now: Date.now,
    notice,
  });
  const unlisten = publisher.listen(recorder.event);
  process.on('SIGHUP', recorder.reopen);
  return {
    hooks: { observe: recorder.change, observeAnswer: recorder.answer, observeOutcome: recorder.outcome },
    close: () => {
      unlisten();
      process.off('SIGHUP', recorder.reopen);
      return recorder.close();
    },
  };
}
