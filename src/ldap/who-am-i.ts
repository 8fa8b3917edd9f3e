import { awaitAnswer } from './awaited-answer.ts';
import type { Connection } from './connection.ts';
import { responseTimeout } from './connection-error.ts';
import { encodeExtended } from './wire/request.ts';
import { readWhoAmI, WHO_AM_I, type WhoAmI } from './wire/who-am-i.ts';

/**
 * Asks the server for the identity to which the connection is bound (RFC 4532). Rejects with a
 * DirectoryError if there is no answer in time. If a server does not offer the operation, the
 * result code says so.
 */
export async function whoAmI(connection: Connection, timeoutMilliseconds: number): Promise<WhoAmI> {
  const awaited = awaitAnswer(connection, timeoutMilliseconds, () =>
    connection.fail(responseTimeout(connection.url, timeoutMilliseconds)),
  );
  return connection.ask(encodeExtended(WHO_AM_I), readWhoAmI).finally(() => awaited.stop());
}
