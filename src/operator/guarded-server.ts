import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener, RequestError } from '@hono/node-server';
import { SAFE_HEADERS } from './app.ts';
import { factsOf, type Place, READS_ONLY, type Refusal, refusalOf } from './guard.ts';

const MOST_HEADER_BYTES = 8 * 1024;
/** How long a client that was refused without a request may take to read the reason. */
const LINGER_MILLISECONDS = 1_000;

/**
 * Creates a server that answers every refused request with a sentence, as JSON. This includes bytes
 * that the parser of Node.js refuses, which never become a request, and requests that Node.js would
 * otherwise answer itself.
 */
export function guardedServer(fetch: Parameters<typeof getRequestListener>[0], place: Place): Server {
  // `requireHostHeader` is false so that `refusalOf` can refuse a missing Host header with a
  // sentence.
  const limits = {
    headersTimeout: 5_000,
    requestTimeout: 10_000,
    maxHeaderSize: MOST_HEADER_BYTES,
    requireHostHeader: false,
  };
  const answer = getRequestListener(fetch, { overrideGlobalObjects: false, errorHandler: refusalOfTarget });
  const inAnswer = new Map<Duplex, ServerResponse>();
  const take = (incoming: IncomingMessage, outgoing: ServerResponse, refusal: Refusal | undefined): void => {
    const { socket } = incoming;
    inAnswer.set(socket, outgoing);
    outgoing.once('close', () => inAnswer.delete(socket));
    if (refusal === undefined) void answer(incoming, outgoing);
    else answerRefusal(refusal, incoming, outgoing);
  };
  const server = createServer(limits, (incoming, outgoing) =>
    take(incoming, outgoing, refusalOf(factsOf(incoming), place)),
  );
  // Node.js silently drops headers beyond a number (2000 by default), and a second Host header
  // could be among them. 0 removes that limit.
  server.maxHeadersCount = 0;
  server.on('checkExpectation', (incoming, outgoing) =>
    take(incoming, outgoing, refusalOf(factsOf(incoming), place) ?? NO_EXPECTATION),
  );
  server.on('connect', (incoming, socket) => {
    socket.on('error', () => {});
    answerRaw(refusalOf(factsOf(incoming), place) ?? READS_ONLY, socket);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // If an answer has begun, a sentence in the middle would be read as a part of it.
    if (socket.writable && inAnswer.get(socket)?.headersSent !== true) answerRaw(refusalOfBytes(error.code), socket);
    else socket.destroy();
  });
  return server;
}

const NO_EXPECTATION: Refusal = {
  status: 417,
  reason: 'this server supports no expectations: leave out the Expect header',
};

/** The refusal for bytes that the parser of Node.js refuses, by the code of its error. */
function refusalOfBytes(code: string | undefined): Refusal {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return {
        status: 431,
        reason: `the request has more than ${MOST_HEADER_BYTES} bytes of target and headers: shorten it`,
      };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, reason: 'the request was not complete in time: send it completely' };
    default:
      return { status: 400, reason: 'this is not an HTTP/1.1 request (RFC 9112): send one, without TLS' };
  }
}

function refusalOfTarget(error: unknown): Response {
  const refusal =
    error instanceof RequestError
      ? { status: 400, reason: `the request target is not valid (${error.message}): write it as in a URL` }
      : { status: 500, reason: 'internal error' };
  return Response.json({ error: refusal.reason }, { status: refusal.status, headers: SAFE_HEADERS });
}

function headersOf({ status }: Refusal): Record<string, string> {
  const allow = status === 405 ? { allow: 'GET, HEAD' } : {};
  return { ...SAFE_HEADERS, ...allow, 'content-type': 'application/json', connection: 'close' };
}

function bodyOf({ reason }: Refusal): string {
  return JSON.stringify({ error: reason });
}

function answerRefusal(refusal: Refusal, { method }: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.writeHead(refusal.status, headersOf(refusal));
  outgoing.end(method === 'HEAD' ? undefined : bodyOf(refusal));
}

/**
 * Answers on a socket without a request, and ends the connection, because Node.js no longer handles
 * it.
 */
function answerRaw(refusal: Refusal, socket: Duplex): void {
  const body = bodyOf(refusal);
  const headers = { ...headersOf(refusal), 'content-length': `${Buffer.byteLength(body)}` };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end([`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`, ...head, '', body].join('\r\n'));
  const cut = setTimeout(() => socket.destroy(), LINGER_MILLISECONDS);
  socket.once('close', () => clearTimeout(cut));
}
