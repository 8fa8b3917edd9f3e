import type { Settings } from '../config/schema.ts';
import { handlersOf } from '../handlers/registry.ts';
import { eachMode, type Mode } from './domain/mode.ts';
import { siteOf } from './site.ts';

/** Facts about a site's handlers that are known without running them. */
export interface HandlerFacts {
  /** The names of the steps of each mode, in order. */
  readonly steps: Readonly<Record<Mode, readonly string[]>>;
}

/** The facts about a site's handlers, for commands and outputs that only read. */
export function handlerFacts(settings: Settings): HandlerFacts {
  const handlers = handlersOf(settings, siteOf(settings));
  return {
    steps: eachMode((mode) => handlers[mode].map(({ name }) => name)),
  };
}
