import type { Settings } from '../config/schema.ts';
import { type Handlers, longestHandlerMilliseconds } from '../handlers/registry.ts';
import { composeHandlers } from './compose-handlers.ts';
import type { Handler } from './domain/job.ts';
import type { Mode } from './domain/mode.ts';
import type { ScriptRunner } from './script/runner.ts';

/** What is known of a site's handlers without running them. */
export interface HandlerFacts {
  /** The longest time that any handler may take. */
  readonly longestMilliseconds: number;
  /** The names of the steps of each mode, in order. */
  readonly steps: Readonly<Record<Mode, readonly string[]>>;
}

/** Tells about the handlers of a site, for commands and outputs that only look. */
export function handlerFacts(settings: Settings): HandlerFacts {
  const handlers: Handlers = composeHandlers(settings, NO_SCRIPTS);
  const names = ({ steps }: Handler) => steps.map((step) => step.name);
  return {
    longestMilliseconds: longestHandlerMilliseconds(handlers),
    steps: { add: names(handlers.add), modify: names(handlers.modify), delete: names(handlers.delete) },
  };
}

const NO_SCRIPTS: ScriptRunner = {
  run: () => Promise.resolve({ kind: 'aborted' }),
  close: () => Promise.resolve(),
};
