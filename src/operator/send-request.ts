import { type IncomingMessage, request } from 'node:http';
import { defined } from '../domain/defined.ts';
import { errorText } from '../domain/error-text.ts';
import { type ListenAddress, OperatorError, showAddress } from './listen-address.ts';

const RESPONSE_TIMEOUT_MILLISECONDS = 5_000;
const LARGEST_RESPONSE = 64 * 1024 * 1024;

interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  /** With a body the request is a POST, otherwise a GET. */
  readonly body?: string | undefined;
}

/**
 * Sends a request to a running service. Rejects with an OperatorError if the service cannot be
 * reached.
 */
export function sendRequest(
  target: ListenAddress,
  path: string,
  headers: Record<string, string>,
  { signal, body }: RequestOptions = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const where = target.kind === 'unix' ? { socketPath: target.path } : { host: target.host, port: target.port };
    const outgoing = request({
      ...where,
      path,
      method: body === undefined ? 'GET' : 'POST',
      agent: false,
      headers: { host: 'localhost', ...headers },
      ...defined({ signal }),
    });
    const timeout = setTimeout(() => outgoing.destroy(new Error('no answer in time')), RESPONSE_TIMEOUT_MILLISECONDS);
    outgoing.once('response', (response) => {
      clearTimeout(timeout);
      resolve(response);
    });
    outgoing.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timeout);
      reject(unreachable(target, error));
    });
    outgoing.end(body);
  });
}

/** Reads the body. Rejects with an OperatorError if the body stalls or is too long. */
export async function readAll(response: IncomingMessage, target: ListenAddress): Promise<string> {
  response.setEncoding('utf8');
  response.setTimeout(RESPONSE_TIMEOUT_MILLISECONDS, () => response.destroy(new Error('the answer stopped')));
  let body = '';
  try {
    for await (const text of response as AsyncIterable<string>) {
      body += text;
      if (body.length > LARGEST_RESPONSE) throw new Error('the answer is too long');
    }
  } catch (error) {
    throw unreachable(target, error instanceof Error ? error : new Error(String(error)));
  }
  return body;
}

function unreachable(target: ListenAddress, error: NodeJS.ErrnoException): OperatorError {
  const remedies: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there: is the service running, with operator.listen set to this address?',
    ENOENT: 'there is no such socket: is the service running, with operator.listen set to this path?',
    EACCES: 'the socket is for its owner and group: run this as one of them',
  };
  const remedy =
    remedies[error.code ?? ''] ?? 'check that the service runs and that the address is that of operator.listen';
  return new OperatorError(`cannot reach a service at ${showAddress(target)}: ${errorText(error)}`, remedy, error);
}

/**
 * Creates the error for a refused request. It has no cause, which means that another attempt cannot
 * succeed.
 */
export function refused(target: ListenAddress, response: IncomingMessage, body: string): OperatorError {
  let reason = `status ${response.statusCode}`;
  try {
    const answer: unknown = JSON.parse(body);
    if (typeof answer === 'object' && answer !== null && 'error' in answer) reason = String(answer.error);
  } catch {
    // The body is not JSON, so only the status code is known.
  }
  return new OperatorError(`${showAddress(target)} refused: ${reason}`, 'correct the request, or check the address');
}
