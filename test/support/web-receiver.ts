import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { ServerTls } from './slapd-config.ts';

interface ReceivedPost {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** As the webhook is documented to send it. Not checked here. */
  readonly body: { readonly text: string; readonly events: readonly unknown[] };
}

/** A receiver of webhooks on loopback that keeps what it gets. */
export interface WebReceiver {
  readonly port: number;
  readonly posts: ReceivedPost[];
  readonly connections: () => number;
  /**
   * The status with which it answers from now on. `hangs`: no answer. `drips`: an answer that never
   * ends.
   */
  answer: number | 'hangs' | 'drips';
  stop(): Promise<void>;
}

export async function startWebReceiver(tls?: ServerTls, port = 0): Promise<WebReceiver> {
  const state: Pick<WebReceiver, 'posts' | 'answer'> = { posts: [], answer: 204 };
  const keys = tls === undefined ? {} : { cert: await readFile(tls.certFile), key: await readFile(tls.keyFile) };
  const server = tls === undefined ? createServer() : createSecureServer(keys);
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  server.on('request', async (request, response: ServerResponse) => {
    const text = (await request.setEncoding('utf8').toArray()).join('');
    const { answer } = state;
    if (answer === 'hangs') return;
    if (answer === 204) {
      state.posts.push({ method: request.method, path: request.url, headers: request.headers, body: JSON.parse(text) });
    }
    if (answer === 'drips') response.writeHead(200).write('x'.repeat(100));
    else response.writeHead(answer, answer < 400 && answer >= 300 ? { location: '/elsewhere' } : {}).end();
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return Object.assign(state, {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    connections: () => connections,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  });
}
