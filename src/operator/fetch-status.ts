import type { ServiceSnapshot } from '../domain/status.ts';
import { OperatorError, readAddress } from './listen-address.ts';
import { snapshotSchema } from './response-schema.ts';
import { readAll, refused, sendRequest } from './send-request.ts';

export interface StatusOptions {
  /** The longest list of accounts. */
  readonly limit?: number;
  /** Only this account is listed. */
  readonly uid?: string;
}

/**
 * Reads `/status` of a running service. Rejects with an OperatorError if the service cannot be
 * reached, or if the answer is not a status.
 */
export async function fetchStatus(
  address: string,
  options: StatusOptions = {},
  signal?: AbortSignal,
): Promise<ServiceSnapshot> {
  const target = readAddress(address);
  const query = new URLSearchParams(
    Object.entries(options).map(([name, value]): [string, string] => [name, `${value}`]),
  );
  const response = await sendRequest(target, `/status?${query}`, {}, { signal });
  const body = await readAll(response, target);
  if (response.statusCode !== 200) throw refused(target, response, body);
  try {
    const snapshot: unknown = JSON.parse(body);
    if (isSnapshot(snapshot)) return snapshot;
  } catch {
    // The answer is not JSON, so the server is not this service.
  }
  throw new OperatorError(`${address} does not answer like a service`, 'check operator.listen, or --operator');
}

function isSnapshot(value: unknown): value is ServiceSnapshot {
  return snapshotSchema.safeParse(value).success;
}
