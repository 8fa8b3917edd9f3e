import type { Settings } from '../config/schema.ts';
import { handlersOf, longestHandlerMilliseconds } from '../handlers/registry.ts';
import { eachMode, type Mode } from './domain/mode.ts';
import { siteOf } from './site.ts';

/** What is known of a site's handlers without running them. */
export interface HandlerFacts {
  /** The longest time that any handler may take. */
  readonly longestMilliseconds: number;
  /** The names of the steps of each mode, in order. */
  readonly steps: Readonly<Record<Mode, readonly string[]>>;
}

/** Tells about the handlers of a site, for commands and outputs that only look. */
export function handlerFacts(settings: Settings): HandlerFacts {
  const handlers = handlersOf(settings, siteOf(settings));
  return {
    longestMilliseconds: longestHandlerMilliseconds(handlers),
    steps: eachMode((mode) => handlers[mode].map(({ name }) => name)),
  };
}
