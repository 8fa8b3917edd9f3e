/**
 * The part of winston that makes a logger. The whole package takes twice as long to load, for
 * transports that are not used here.
 */
declare module 'winston/lib/winston/create-logger.js' {
  import type { createLogger } from 'winston';

  const create: typeof createLogger;
  export default create;
}
