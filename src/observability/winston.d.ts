/** The part of winston that makes a logger. The whole package costs twice its time to load, for transports not used here. */
declare module 'winston/lib/winston/create-logger.js' {
  import type { createLogger } from 'winston';

  const create: typeof createLogger;
  export default create;
}
