/**
 * The part of winston that creates a logger. The whole package takes twice as long to load, because
 * of transports that are not used here.
 */
declare module 'winston/lib/winston/create-logger.js' {
  import type { createLogger } from 'winston';

  const create: typeof createLogger;
  export default create;
}
