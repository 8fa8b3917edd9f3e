import type { Settings } from '../config/schema.ts';
import { handlersOf, longestHandlerMilliseconds } from '../handlers/registry.ts';
import { siteOf } from './site.ts';

/** Facts about a site's handlers that are known without running them. */
export interface HandlerFacts {
  /** The longest time that any handler may take, in milliseconds. */
  readonly longestMilliseconds: number;
}

/** The facts about a site's handlers, for commands and outputs that only read. */
export function handlerFacts(settings: Settings): HandlerFacts {
  const handlers = handlersOf(settings, siteOf(settings));
  return {
    longestMilliseconds: longestHandlerMilliseconds(handlers),
  };
}
