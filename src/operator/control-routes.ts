import type { HttpBindings } from '@hono/node-server';
import type { Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import * as z from 'zod';
import type { Control, ControlAnswer } from '../domain/control.ts';
import { peerOf } from './peer.ts';

type Bindings = { Bindings: HttpBindings };

const LARGEST_BODY = 4 * 1024;
const LONGEST_REASON = 500;

const uid = z.string().min(1).max(256);
const reason = z.string().trim().min(1).max(LONGEST_REASON);

/** The body of each order. */
const ORDERS = {
  pause: z.strictObject({ reason: reason.optional() }),
  resume: z.strictObject({}),
  cancel: z.strictObject({ uid }),
  reload: z.strictObject({}),
  settle: z.strictObject({ uid, code: z.int().min(0).max(255) }),
} as const satisfies Record<keyof Control, z.ZodType>;

/**
 * Adds the routes for orders: POST, with a JSON object. The guard accepts them only on Unix
 * sockets, which only the operators (the owner and the group) can use. The answer has `done` and
 * `words`. Its status is 409 if the order was not carried out.
 */
export function addControlRoutes(app: Hono<Bindings>, control: Control | undefined): void {
  const tooLarge = (c: Context) => refuse(c, 413, `the order is longer than ${LARGEST_BODY} bytes: shorten it`);
  for (const [name, schema] of Object.entries(ORDERS) as [keyof Control, z.ZodType<object>][]) {
    app.post(`/${name}`, bodyLimit({ maxSize: LARGEST_BODY, onError: tooLarge }), async (c: Context<Bindings>) => {
      if (control === undefined) return refuse(c, 409, 'this service takes no orders, because it is a dry run');
      // A web page cannot send this type to another origin without a preflight request.
      if (c.req.header('content-type') !== 'application/json') {
        return refuse(c, 415, 'an order is sent with Content-Type: application/json');
      }
      const order = schema.safeParse(await c.req.json().catch(() => undefined));
      if (!order.success) return refuse(c, 400, `the order is not understood: ${z.prettifyError(order.error)}`);
      const who = await peerOf(c.env.incoming.socket);
      const answer: ControlAnswer = await control[name]({ ...order.data, who } as never);
      return c.json(answer, answer.done ? 200 : 409);
    });
  }
}

function refuse(c: Context, status: 400 | 409 | 413 | 415, error: string) {
  return c.json({ error }, status);
}
