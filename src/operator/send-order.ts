import * as z from 'zod';
import type { Control, ControlAnswer } from '../domain/control.ts';
import { OperatorError, readAddress } from './listen-address.ts';
import { readAll, refused, sendRequest } from './send-request.ts';

const answerSchema = z.looseObject({ done: z.boolean(), words: z.string() });

/**
 * Sends an order to a running service over its Unix socket. Rejects with an OperatorError if the
 * service cannot be reached, or does not take orders.
 */
export async function sendOrder(address: string, name: keyof Control, order: object): Promise<ControlAnswer> {
  const target = readAddress(address);
  const body = JSON.stringify(order);
  const headers = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
  const response = await sendRequest(target, `/${name}`, headers, { body });
  const text = await readAll(response, target);
  if (response.statusCode === 200 || response.statusCode === 409) {
    const answer = answerSchema.safeParse(parsed(text));
    if (answer.success) return answer.data;
  }
  if (response.statusCode === 200) {
    throw new OperatorError(`${address} does not answer like a service`, 'check operator.listen, or --operator');
  }
  throw refused(target, response, text);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
