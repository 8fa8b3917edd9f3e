import type { Settings } from '../../config/schema.ts';
import { handlersOf, longestHandlerMilliseconds } from '../../handlers/registry.ts';
import { handlerRunner } from '../../handlers/run-handler.ts';
import type { RunHandler } from '../domain/job.ts';
import { runCommand } from '../script/command.ts';
import { createLookups } from '../script/lookups.ts';
import { createScriptRunner } from '../script/script-runner.ts';
import { siteOf } from './site.ts';

interface HandlersOptions {
  readonly settings: Settings;
  /** Called with a sentence about a fault of the service itself. */
  readonly notice: (message: string) => void;
  /** A clock in milliseconds. */
  readonly monotonic: () => number;
}

/** Creates the handlers of this site, with what they use on this host. */
export function createHandlers({ settings, notice, monotonic }: HandlersOptions) {
  let handlers = handlersOf(settings, siteOf(settings));
  const { script, directory } = settings;
  const scripts = createScriptRunner({ launcher: script.launcher, base: directory.base, onNotice: notice });
  const { getent, close } = createLookups({ launcher: script.launcher, onNotice: notice });
  const means = { scripts, getent, runCommand };
  return {
    /** A reload does not change an attempt that has begun: it keeps its steps. */
    run: ((job, context) => handlerRunner(handlers, means, monotonic)(job, context)) satisfies RunHandler,
    use: (next: Settings) => {
      handlers = handlersOf(next, siteOf(next));
    },
    longestMilliseconds: () => longestHandlerMilliseconds(handlers),
    getent,
    close: () => {
      close();
      return scripts.close();
    },
  };
}
