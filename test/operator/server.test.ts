import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { Subject } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AccountsView, type Condition, NO_ACCOUNTS } from '../../src/domain/condition.ts';
import type { Control } from '../../src/domain/control.ts';
import type { PublishedEvent, StreamEvent } from '../../src/domain/event.ts';
import type { LeasesView } from '../../src/domain/lease-status.ts';
import { READER_LIMITS } from '../../src/operator/event-readers.ts';
import { fetchStatus } from '../../src/operator/fetch-status.ts';
import { followEvents } from '../../src/operator/follow-events.ts';
import { OperatorError } from '../../src/operator/listen-address.ts';
import { sendOrder } from '../../src/operator/send-order.ts';
import { type OperatorServer, type OperatorServerOptions, startOperatorServer } from '../../src/operator/server.ts';
import { closed } from '../support/closed.ts';
import { parseMetrics } from '../support/parse-metrics.ts';

const IDLE = { accounts: NO_ACCOUNTS, limitMilliseconds: () => 60_000 };
let events$: Subject<PublishedEvent>;
let folder: string;
const ends: Array<() => unknown> = [];

beforeEach(async () => {
  events$ = new Subject();
  folder = await mkdtemp(join(tmpdir(), 'operator-'));
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await rm(folder, { recursive: true });
});

async function start(options: Partial<OperatorServerOptions> = {}): Promise<OperatorServer> {
  const operator = await startOperatorServer({
    listen: '127.0.0.1:0',
    events$,
    version: '1.2.3',
    now: Date.now,
    ...IDLE,
    ...options,
  });
  ends.push(() => operator.close());
  return operator;
}

function emit(...events: StreamEvent[]): void {
  for (const event of events) events$.next({ time: new Date().toISOString(), ...event });
}

const of = (uid: string, mode = 'add', job = 'j1') => ({ uid, dn: `uid=${uid},dc=example,dc=org`, mode, job });
const CONNECTED: StreamEvent = { event: 'connected', url: 'ldap://a', protocol: 'syncrepl', server: 'OpenLDAP' };
const REFRESHED: StreamEvent = { event: 'refreshed', entries: 3, milliseconds: 12 };

/** Sends a raw request on a new socket. Resolves to everything that comes until the end. */
async function raw(operator: OperatorServer, request: string): Promise<string> {
  const socket = open(operator);
  const answer = text(socket);
  socket.write(request);
  await closed(socket);
  return answer();
}

/** What has come so far. */
function text(socket: Socket): () => string {
  let answer = '';
  socket.setEncoding('utf8').on('data', (piece: string) => {
    answer += piece;
  });
  return () => answer;
}

function open(operator: OperatorServer): Socket {
  const unix = operator.address.startsWith('unix:') ? operator.address.slice(5) : undefined;
  const socket = unix === undefined ? connect(Number(operator.address.split(':').pop()), '127.0.0.1') : connect(unix);
  socket.on('error', () => undefined);
  ends.push(() => socket.destroy());
  return socket;
}

const get = (path: string, headers: readonly string[] = ['Host: 127.0.0.1'], method = 'GET') =>
  [`${method} ${path} HTTP/1.1`, ...headers, 'Connection: close', '', ''].join('\r\n');

const statusOf = (answer: string) => Number(/^HTTP\/1.1 (\d{3})/.exec(answer)?.[1]);
const bodyOf = (answer: string) => answer.slice(answer.indexOf('\r\n\r\n') + 4);

describe('an order', () => {
  const ANSWER = { done: true, words: 'Paused.' };
  const orders: unknown[] = [];
  const control: Control = {
    pause: (order) => {
      orders.push(order);
      return ANSWER;
    },
    resume: () => ({ done: false, words: 'There is nothing to resume.' }),
    cancel: () => ANSWER,
    settle: async () => ANSWER,
    reload: async () => ANSWER,
  };
  const post = (body: string, headers: readonly string[] = ['Content-Type: application/json'], path = '/pause') =>
    [`POST ${path} HTTP/1.1`, 'Host: localhost', ...headers, `Content-Length: ${body.length}`]
      .concat('Connection: close', '', body)
      .join('\r\n');
  const onSocket = () => start({ listen: `unix:${join(folder, 'operator.sock')}`, control });

  beforeEach(() => {
    orders.length = 0;
  });

  it('is carried out on a Unix socket, with the user at its other end', async () => {
    const operator = await onSocket();
    expect(await sendOrder(operator.address, 'pause', { reason: 'why' })).toEqual(ANSWER);
    expect(orders).toEqual([{ reason: 'why', who: `${userInfo().username} (${userInfo().uid})` }]);
    expect(await sendOrder(operator.address, 'resume', {})).toMatchObject({ done: false });
  });

  it('is refused on a TCP address, with a sentence', async () => {
    const operator = await start({ control });
    const answer = await raw(operator, post('{}'));
    expect(statusOf(answer)).toBe(403);
    expect(bodyOf(answer)).toMatch(/Unix socket only/);
    await expect(sendOrder(operator.address, 'pause', {})).rejects.toThrow(OperatorError);
    expect(orders).toEqual([]);
  });

  it.each([
    ['an Origin', post('{}', ['Content-Type: application/json', 'Origin: http://localhost']), 403],
    ['a Sec-Fetch-Site', post('{}', ['Content-Type: application/json', 'Sec-Fetch-Site: none']), 403],
    ['the type of a form', post('{}', ['Content-Type: text/plain']), 415],
    ['no JSON', post('{'), 400],
    ['a key that there is not', post('{"until":1}'), 400],
    ['an empty reason', post('{"reason":" "}'), 400],
    ['more than 4 KiB', post(JSON.stringify({ reason: 'x'.repeat(5_000) })), 413],
    ['a path that takes none', post('{}', ['Content-Type: application/json'], '/status'), 405],
  ])('is refused with %s', async (_, request, status) => {
    const operator = await onSocket();
    expect(statusOf(await raw(operator, request))).toBe(status);
    expect(orders).toEqual([]);
  });

  it('is refused in a dry run', async () => {
    const operator = await start({ listen: `unix:${join(folder, 'operator.sock')}` });
    await expect(sendOrder(operator.address, 'pause', {})).rejects.toThrow(/dry run/);
  });
});

const NO_HISTORY = { ofAccount: () => Promise.resolve({}), within: () => Promise.resolve({}) };

describe('the history', () => {
  it('of an account is made from the events that are still known, one after the other', async () => {
    const asked: string[] = [];
    let running = 0;
    const operator = await start({
      history: {
        ...NO_HISTORY,
        ofAccount: async (uid, recent) => {
          running += 1;
          expect(running).toBe(1);
          await new Promise((resolve) => setImmediate(resolve));
          running -= 1;
          asked.push(`${uid}: ${recent.map(({ event }) => event).join(' ')}`);
          return { uid };
        },
      },
    });
    emit({ event: 'queued', ...of('A1') }, { event: 'queued', ...of('b') }, { event: 'claimed', ...of('a1') });
    const [first] = await Promise.all(
      ['a1', 'A1', 'b'].map((uid) => raw(operator, get(`/history?uid=${uid}`, ['Host: localhost']))),
    );
    expect(JSON.parse(bodyOf(first ?? ''))).toEqual({ uid: 'a1' });
    expect(asked.sort()).toEqual(['a1: queued claimed', 'a1: queued claimed', 'b: queued']);
  });

  it('is served to a number of readers at once, and of one account', async () => {
    let release = () => {};
    const operator = await start({
      history: {
        ...NO_HISTORY,
        ofAccount: () =>
          new Promise((resolve) => {
            release = () => resolve({});
          }),
      },
    });
    const ask = () => raw(operator, get('/history?uid=a', ['Host: localhost']));
    const waiting = Array.from({ length: 17 }, ask);
    expect(statusOf(await Promise.race(waiting))).toBe(503);
    const turns = setInterval(() => release(), 1);
    ends.push(() => clearInterval(turns));
    expect((await Promise.all(waiting)).map(statusOf).sort()).toEqual([...new Array(16).fill(200), 503]);
    expect(statusOf(await raw(operator, get('/history', ['Host: localhost'])))).toBe(400);
  });

  it('is that of all accounts before the start of the service', async () => {
    const asked: number[][] = [];
    let time = 10_000_000;
    const within = async (since: number, until: number) => {
      asked.push([since, until]);
      return { events: [] };
    };
    const operator = await start({ now: () => time, history: { ...NO_HISTORY, within } });
    const ask = async (since: string) =>
      statusOf(await raw(operator, get(`/history?since=${since}`, ['Host: localhost'])));
    time = 11_000_000;
    expect([await ask('1h'), await ask('30s'), await ask('never')]).toEqual([200, 200, 400]);
    expect(asked).toEqual([[7_400_000, 9_999_999]]);
  });
});

describe('who may ask', () => {
  it.each([
    ['a loopback address', 'Host: 127.0.0.1:9465', 200],
    ['the name localhost', 'Host: localhost', 200],
    ['the IPv6 loopback address', 'Host: [::1]:9465', 200],
    ['a name of elsewhere that resolves to here', 'Host: attacker.example', 403],
    ['a name that only begins like a loopback address', 'Host: 127.0.0.1.attacker.example', 403],
    ['a name that only ends like one', 'Host: attacker-localhost', 403],
    ['an address of elsewhere', 'Host: 192.0.2.1', 403],
    ['an empty name', 'Host:', 400],
  ])('answers a request for %s accordingly', async (_title, header, expected) => {
    expect(statusOf(await raw(await start(), get('/status', [header])))).toBe(expected);
  });

  it.each([
    'Origin: https://attacker.example',
    'Origin: null',
    'Origin: http://127.0.0.1',
    'Sec-Fetch-Site: cross-site',
    'Sec-Fetch-Site: same-site',
    'Sec-Fetch-Site: same-origin, cross-site',
  ])('refuses what comes from a web page: %s', async (header) => {
    const operator = await start();
    for (const path of ['/', '/page.js', '/history', '/status', '/events', '/metrics', '/healthz', '/readyz']) {
      expect(statusOf(await raw(operator, get(path, ['Host: localhost', header])))).toBe(403);
    }
  });

  it.each(['none', 'same-origin'])('answers what the live page itself asks for: Sec-Fetch-Site: %s', async (site) => {
    const operator = await start();
    const headers = (host: string) => [`Host: ${host}`, `Sec-Fetch-Site: ${site}`];
    expect(statusOf(await raw(operator, get('/status', headers('localhost'))))).toBe(200);
    expect(statusOf(await raw(operator, get('/status', headers('attacker.example'))))).toBe(403);
    expect(statusOf(await raw(operator, get('/status', [...headers('localhost'), 'Origin: http://localhost'])))).toBe(
      403,
    );
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('refuses to be told anything: %s', async (method) => {
    const answer = await raw(await start(), get('/status', ['Host: localhost', 'Content-Length: 0'], method));
    expect(statusOf(answer)).toBe(405);
    expect(answer).toMatch(/^allow: GET, HEAD\r$/im);
  });

  it.each([
    ['no Host header', '/status', [], 400, /is missing/],
    ['two of them that agree', '/status', ['Host: localhost', 'Host: localhost'], 400, /more than one/],
    ['a foreign one after its own', '/status', ['Host: localhost', 'Host: attacker.example'], 400, /more than one/],
    ['a foreign one before its own', '/status', ['host: attacker.example', 'HOST: localhost'], 400, /more than one/],
    ['a port that is none', '/status', ['Host: localhost:99999'], 400, /not a host with or without a port/],
    ['a foreign host in the target', 'http://attacker.example/status', ['Host: attacker.example'], 403, /Host header/],
    ['one in the target alone', 'http://attacker.example/status', ['Host: localhost'], 421, /target must name/],
    ['a user in the target', 'http://localhost@attacker.example/', ['Host: localhost'], 400, /target is not a path/],
    ['another scheme in the target', 'ftp://localhost/status', ['Host: localhost'], 400, /target is not a path/],
    ['an asterisk as target', '*', ['Host: localhost'], 400, /target is not a path/],
  ])('refuses, with a sentence, %s', async (_title, target, headers, status, reason) => {
    const answer = await raw(await start(), get(target, headers));
    expect(statusOf(answer)).toBe(status);
    expect(bodyOf(answer)).toMatch(reason);
    expect(answer).toMatch(/^cache-control: no-store\r$/im);
  });

  const HERE = 'Host: localhost';
  it.each([
    ['a backslash in the target', get('/\\..\\status', [HERE]), 400, /Backslash in request path/],
    ['the same in an absolute one', get('http://localhost/\\..', [HERE]), 400, /request target/],
    ['control characters in the target', get('/\u0001', [HERE]), 400, /not an HTTP/],
    ['a blank in the target', get('/a b', [HERE]), 400, /not an HTTP/],
    ['a version that there is not', `GET / HTTP/9.9\r\n${HERE}\r\n\r\n`, 400, /not an HTTP/],
    ['a method that there is not', get('/status', [HERE], 'NONSENSE'), 400, /not an HTTP/],
    ['a line that is none', 'hello\r\n\r\n', 400, /not an HTTP/],
    ['a greeting of TLS', '\x16\x03\x01\x02\x00\x01', 400, /without TLS/],
    ['a header whose name has a blank', get('/status', [HERE, 'A B: c']), 400, /not an HTTP/],
    [
      'both a length and chunks',
      get('/', [HERE, 'Content-Length: 0', 'Transfer-Encoding: chunked']),
      400,
      /not an HTTP/,
    ],
    ['a target that is too long', get(`/${'a'.repeat(20_000)}`, [HERE]), 431, /more than 8192 bytes/],
    ['a header that is too long', get('/', [HERE, `A: ${'a'.repeat(20_000)}`]), 431, /more than 8192 bytes/],
    ['a proxy to be had', get('localhost:22', [HERE], 'CONNECT'), 400, /target is not a path/],
    ['a proxy to be had of a path', get('/status', [HERE], 'CONNECT'), 405, /only reads/],
    ['an expectation', get('/status', [HERE, 'Expect: nonsense']), 417, /leave out the Expect header/],
    ['an expectation of elsewhere', get('/', ['Host: evil.example', 'Expect: nonsense']), 403, /Host header/],
    ['a second Host header far behind', get('/', [HERE, ...Array(1_200).fill('A:b'), HERE]), 400, /more than one/],
  ])('says in a sentence that it refuses %s', async (_title, request, status, reason) => {
    const answer = await raw(await start(), request);
    expect(statusOf(answer)).toBe(status);
    expect(bodyOf(answer)).toMatch(reason);
    expect(JSON.parse(/\{.*\}/.exec(bodyOf(answer))?.[0] ?? '')).toEqual({ error: expect.any(String) });
    expect(answer).toMatch(/^cache-control: no-store\r$/im);
  });

  it('ends the connection of a client that sent no request, although the client does not', async () => {
    const operator = await start();
    const port = Number(operator.address.split(':').pop());
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    ends.push(() => socket.destroy());
    socket.on('error', () => undefined).write('hello\r\n\r\n');
    await once(socket, 'data');
    // The reset of what was not read tells that the other end is gone.
    const writing = setInterval(() => socket.write('hello'), 20);
    ends.push(() => clearInterval(writing));
    await closed(socket);
  });

  it('puts no words into an answer that is under way', async () => {
    const operator = await start();
    emit(CONNECTED);
    const socket = open(operator);
    const answer = text(socket);
    socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await expect.poll(answer).toContain('connected');
    socket.write('hello\r\n\r\n');
    await closed(socket);
    expect(answer().split('HTTP/1.1 ')).toHaveLength(2);
  });

  it('answers an absolute request target of its own, and a port that is forwarded', async () => {
    const operator = await start();
    expect(statusOf(await raw(operator, get('http://localhost:8080/healthz', ['Host: localhost:8080'])))).toBe(200);
  });

  it('refuses a Host header that is missing in HTTP/1.0 as well', async () => {
    expect(statusOf(await raw(await start(), 'GET /status HTTP/1.0\r\n\r\n'))).toBe(400);
  });

  it('survives requests that are none', async () => {
    const operator = await start();
    await raw(operator, 'hello\r\n\r\n');
    await raw(operator, get('/status', [`Host: ${'a'.repeat(100_000)}`]));
    await raw(operator, get('//\u0000%ff/../..', ['Host: localhost']));
    expect(statusOf(await raw(operator, get('/healthz')))).toBe(200);
  });

  it('does not listen on anything but loopback', async () => {
    for (const listen of ['0.0.0.0:0', '[::]:0', '192.0.2.1:9465', 'example.org:9465', '9465', 'unix:relative']) {
      await expect(
        startOperatorServer({ listen, events$, ...IDLE, version: '1', now: Date.now }),
      ).rejects.toBeInstanceOf(OperatorError);
    }
  });

  it('names the remedy when the port is taken', async () => {
    const { address } = await start();
    await expect(
      startOperatorServer({ listen: address, events$, ...IDLE, version: '1', now: Date.now }),
    ).rejects.toMatchObject({
      remedy: expect.stringContaining('another'),
    });
  });

  it('names the remedy when its name is not known here, or leads elsewhere', async () => {
    const asked = (lookUp: OperatorServerOptions['lookUp']) =>
      start({ listen: 'foo.localhost:0', ...(lookUp && { lookUp }) });
    await expect(asked(() => Promise.reject(new Error('ENOTFOUND')))).rejects.toMatchObject({
      message: 'the name foo.localhost of the operator interface cannot be resolved',
      remedy: expect.stringContaining('127.0.0.1'),
    });
    await expect(asked(async () => ({ address: '192.0.2.1' }))).rejects.toMatchObject({
      message: 'the operator interface may not listen on foo.localhost, which is 192.0.2.1 here',
      remedy: expect.stringContaining('127.0.0.1'),
    });
  });
});

describe('the unix socket', () => {
  it('is for its owner and group only, and is gone after the end', async () => {
    const path = join(folder, 'operator.sock');
    const operator = await startOperatorServer({
      listen: `unix:${path}`,
      events$,
      ...IDLE,
      version: '1.2.3',
      now: Date.now,
    });
    expect((await stat(path)).mode & 0o777).toBe(0o660);
    expect((await fetchStatus(operator.address)).version).toBe('1.2.3');
    expect(statusOf(await raw(operator, get('/status', ['Host: attacker.example'])))).toBe(403);
    await operator.close();
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('replaces the file that a killed service left behind', async () => {
    const path = join(folder, 'operator.sock');
    await leaveStaleSocket(path);
    const operator = await start({ listen: `unix:${path}` });
    expect((await fetchStatus(operator.address)).ready).toBe(false);
  });

  it('leaves a socket alone that another service listens on', async () => {
    const path = join(folder, 'operator.sock');
    const first = await start({ listen: `unix:${path}` });
    await expect(
      startOperatorServer({ listen: `unix:${path}`, events$, ...IDLE, version: '1', now: Date.now }),
    ).rejects.toThrow(/another service/);
    expect((await fetchStatus(first.address)).version).toBe('1.2.3');
  });

  it('is not made, and nothing removed for it, where a customer could have the name lead elsewhere', async () => {
    const path = join(folder, 'home/operator.sock');
    await mkdir(join(folder, 'home'));
    await leaveStaleSocket(path);
    await chown(join(folder, 'home'), 5000, 5000);
    await expect(
      startOperatorServer({ listen: `unix:${path}`, events$, ...IDLE, version: '1', now: Date.now }),
    ).rejects.toMatchObject({
      message: expect.stringMatching(/operator.sock is not created: the folder .*home belongs to the user number 5000/),
      remedy: expect.stringContaining('/run/prov-backup-rsnapshot'),
    });
    expect((await stat(path)).isSocket()).toBe(true);
  });

  it('leaves a file alone that is no socket', async () => {
    const path = join(folder, 'precious');
    await writeFile(path, 'data');
    await expect(
      startOperatorServer({ listen: `unix:${path}`, events$, ...IDLE, version: '1', now: Date.now }),
    ).rejects.toThrow(/not a socket/);
    expect((await stat(path)).size).toBe(4);
  });
});

/** Leaves a socket file without a listener, as a killed service does. */
async function leaveStaleSocket(path: string): Promise<void> {
  const { link, unlink } = await import('node:fs/promises');
  const server = createServer().listen(`${path}.bound`);
  await once(server, 'listening');
  await link(`${path}.bound`, path);
  await chmod(path, 0o660);
  server.close();
  await once(server, 'close');
  await unlink(`${path}.bound`).catch(() => undefined);
}

describe('health and readiness', () => {
  it('is healthy from the start, ready when refreshed, and not ready when the connection is lost', async () => {
    const operator = await start();
    expect(statusOf(await raw(operator, get('/healthz')))).toBe(200);
    expect(statusOf(await raw(operator, get('/readyz')))).toBe(503);
    emit(CONNECTED, { event: 'refreshing' });
    expect(statusOf(await raw(operator, get('/readyz')))).toBe(503);
    emit(REFRESHED);
    expect(statusOf(await raw(operator, get('/readyz')))).toBe(200);
    emit({ event: 'disconnected', url: 'ldap://a', reason: 'silent for 60 s', remedy: 'look at the firewall' });
    const answer = await raw(operator, get('/readyz'));
    expect(statusOf(answer)).toBe(503);
    expect(JSON.parse(bodyOf(answer))).toMatchObject({
      ready: false,
      phase: 'reconnecting',
      reason: 'silent for 60 s',
    });
    expect(statusOf(await raw(operator, get('/healthz')))).toBe(200);
  });
});

const FAILED = { condition: 'failed', returnValue: 6, reason: 'setquota', step: 'quota', since: Date.now() } as const;

function holding(...conditions: Condition[]): AccountsView {
  const count = (name: string) => conditions.filter(({ condition }) => condition === name).length;
  const counts = {
    open: conditions.length,
    queued: count('queued'),
    inWork: count('inWork'),
    retrying: count('retrying'),
    failed: count('failed'),
    deferred: count('deferred'),
    waiting: count('waiting'),
  };
  return { slots: 8, busy: 3, counts: () => counts, conditions: () => conditions };
}

const account = (uid: string) => ({ uid, dn: `uid=${uid},dc=example,dc=org`, mode: 'adding' });

describe('/status', () => {
  it('shows the connection, the counts and the accounts', async () => {
    const operator = await start({ accounts: holding({ ...account('u2'), ...FAILED }) });
    emit(CONNECTED, REFRESHED);
    const status = await fetchStatus(operator.address);
    expect(status).toMatchObject({ ready: true, version: '1.2.3', counts: { open: 1, failed: 1 }, slots: 8 });
    expect(status.failed).toMatchObject([{ uid: 'u2', returnValue: 6 }]);
  });

  it('cuts the lists at the limit and never the counts, or lists one account', async () => {
    const deferred = (n: number): Condition => ({
      ...account(`u${n}`),
      since: undefined,
      condition: 'deferred',
      until: '20990101',
    });
    const operator = await start({ accounts: holding(...Array.from({ length: 30 }, (_, n) => deferred(n))) });
    const status = await fetchStatus(operator.address, { limit: 10 });
    expect(status.deferred).toHaveLength(10);
    expect(status.counts.deferred).toBe(30);
    expect((await fetchStatus(operator.address, { uid: 'U7' })).deferred).toMatchObject([{ uid: 'u7' }]);
    expect(statusOf(await raw(operator, get('/status?limit=-1')))).toBe(400);
  });
});

describe('/metrics', () => {
  it('tells of leases and of the other services, without a uid or a holder', async () => {
    const leases: LeasesView = {
      status: () => ({
        holder: 'web1/25:1/b',
        ...{ held: 3, paused: 1, oldestRenewalMilliseconds: 4_500 },
        own: [{ uid: 'anna', holder: 'web1/25:1/b', is: 'held', unchangedMilliseconds: 4_500 }],
        others: [],
        services: [
          { holder: 'web2/25:1/b', state: 'silent', unchangedMilliseconds: 20_000, waitedFor: 2 },
          { holder: 'web3/25:1/b', state: 'absent', waitedFor: 1 },
        ],
      }),
      tally: () => ({ taken: 9, takenOver: 2, renewed: 30, refused: 4, lost: 1 }),
    };
    const text = bodyOf(await raw(await start({ leases }), get('/metrics')));
    expect(text).not.toMatch(/anna|web[123]/);
    const value = parseMetrics(text);
    const counts = ['held', 'paused', 'waited_for'].map((condition) => value('prov_leases', { condition }));
    expect(counts).toEqual([3, 1, 3]);
    expect(value('prov_lease_oldest_renewal_seconds')).toBe(4.5);
    const states = ['present', 'silent', 'absent'].map((state) => value('prov_other_services', { state }));
    expect(states).toEqual([0, 1, 1]);
    const counters = ['lease_takes', 'lease_take_overs', 'lease_renewals', 'lease_refusals', 'leases_lost'];
    expect(counters.map((name) => value(`prov_${name}_total`))).toEqual([9, 2, 30, 4, 1]);
  });

  it('tells nothing of leases where the service needs none', async () => {
    expect(bodyOf(await raw(await start(), get('/metrics')))).not.toMatch(/prov_lease|prov_other/);
  });

  it('is the text format, strictly, and agrees with the events and the accounts', async () => {
    const since = Date.now() - 60_000;
    const work = { condition: 'inWork', doing: 'working', attempt: 1, resumed: false } as const;
    const stuck = { ...account('u9'), ...work, since, begunAt: since - 1 };
    const accounts = holding({ ...account('u2'), ...FAILED, since }, { ...account('u3'), ...FAILED }, stuck);
    const operator = await start({ accounts });
    emit(CONNECTED, REFRESHED);
    emit({ event: 'received', change: 'add', ...of('u1') }, { event: 'queued', ...of('u1') });
    emit({ event: 'claimed', ...of('u1', 'adding') });
    emit({ event: 'step', name: 'script', outcome: 'done', milliseconds: 40, ...of('u1', 'adding') });
    emit({ event: 'finished', state: '20260301T020000Z', milliseconds: 50, ...of('u1', 'added') });
    emit({ event: 'failed', returnValue: 6, reason: 'r', step: 'quota', ...of('u2', 'modifying') });
    emit({ event: 'failed', returnValue: 6, reason: 'r', step: 'quota', ...of('u3', 'evil"\n} 1') });
    const answer = await raw(operator, get('/metrics'));
    expect(answer).toMatch(/^content-type: text\/plain; version=0\.0\.4/im);
    const value = parseMetrics(bodyOf(answer));
    expect(value('prov_connected')).toBe(1);
    expect(value('prov_ready')).toBe(1);
    expect(value('prov_refreshes_total')).toBe(1);
    expect(value('prov_events_total', { event: 'failed' })).toBe(2);
    expect(value('prov_events_total', { event: 'superseded' })).toBe(0);
    expect(value('prov_outcomes_total', { mode: 'add', code: '0' })).toBe(1);
    expect(value('prov_outcomes_total', { mode: 'modify', code: '6' })).toBe(1);
    expect(value('prov_outcomes_total', { mode: 'other', code: '6' })).toBe(1);
    expect(value('prov_accounts', { condition: 'failed' })).toBe(2);
    expect(value('prov_accounts', { condition: 'in_work' })).toBe(1);
    expect(value('prov_accounts_open')).toBe(3);
    expect(value('prov_accounts_stuck')).toBe(1);
    expect(value('prov_slots')).toBe(8);
    expect(value('prov_slots_busy')).toBe(3);
    expect(value('prov_oldest_account_seconds', { condition: 'failed' })).toBeCloseTo(60, 0);
    expect(value('prov_oldest_account_seconds', { condition: 'queued' })).toBe(0);
    expect(value('prov_step_seconds_sum', { mode: 'add', step: 'script' })).toBe(0.04);
    expect(value('prov_write_to_claim_seconds_count', { mode: 'add' })).toBe(1);
    expect(value('prov_write_to_finish_seconds_count', { mode: 'add' })).toBe(1);
    const writtenAt = new Date(Date.now() - 30_000).toISOString();
    emit({ event: 'received', change: 'refresh', writtenAt, ...of('u4', 'delete') });
    emit({ event: 'received', change: 'refresh', writtenAt, ...of('u5', 'deleting') });
    emit({ event: 'claimed', ...of('u4', 'deleting') }, { event: 'resumed', ...of('u5', 'deleting') });
    const found = parseMetrics(bodyOf(await raw(operator, get('/metrics'))));
    expect(found('prov_write_to_claim_seconds_sum', { mode: 'delete' })).toBeCloseTo(30, 0);
    expect(found('prov_write_to_claim_seconds_count', { mode: 'delete' })).toBe(1);
    emit({ event: 'disconnected', url: 'ldap://a', reason: 'r' });
    expect(parseMetrics(bodyOf(await raw(operator, get('/metrics'))))('prov_connected')).toBe(0);
  });
});

describe('/events', () => {
  it('shows a late-comer what happened before, and then what happens', async () => {
    const operator = await start();
    emit(CONNECTED, REFRESHED);
    const seen: string[] = [];
    for await (const followed of followEvents(operator.address, { since: 'all' })) {
      if (followed.kind === 'event') seen.push(followed.event.event);
      if (seen.length === 2) emit({ event: 'queued', ...of('u1') });
      if (seen.length === 3) break;
    }
    expect(seen).toEqual(['connected', 'refreshed', 'queued']);
  });

  it('filters by uid, as LDAP compares it, and by event', async () => {
    const operator = await start();
    emit(CONNECTED, { event: 'queued', ...of('u1') }, { event: 'queued', ...of('u2') });
    emit({ event: 'claimed', ...of('u1', 'adding') }, { event: 'queued', ...of('u3') });
    const seen: string[] = [];
    const filter = { since: 'all', uids: ['U1', 'u3'], events: ['queued'] };
    for await (const followed of followEvents(operator.address, filter)) {
      if (followed.kind === 'event' && 'uid' in followed.event) seen.push(`${followed.event.uid}`);
      if (seen.length === 2) break;
    }
    expect(seen).toEqual(['u1', 'u3']);
  });

  it('refuses a filter by an event or a time that does not exist, and names what does', async () => {
    const operator = await start();
    expect(await raw(operator, get('/events?event=finnished'))).toMatch(/400[\s\S]*finished/);
    expect(await raw(operator, get('/events?since=yesterday'))).toMatch(/400[\s\S]*10m/);
  });

  it('goes on after the last event that a reader has', async () => {
    const operator = await start();
    emit({ event: 'queued', ...of('u1') }, { event: 'queued', ...of('u2') });
    const socket = open(operator);
    socket.write(get('/events?since=all'));
    const first = await until(socket, /"uid":"u2"/);
    const id = /id: (\S+)\nevent: queued\ndata: [^\n]*"uid":"u1"/.exec(first)?.[1];
    const again = open(operator);
    again.write(get('/events', ['Host: localhost', `Last-Event-ID: ${id}`]));
    const second = await until(again, /"uid":"u2"/);
    expect(second).not.toContain('"uid":"u1"');
  });

  it('ends after the past where no more is asked for', async () => {
    const operator = await start();
    emit(CONNECTED, { event: 'queued', ...of('u1') }, { event: 'queued', ...of('u2') });
    const seen: string[] = [];
    for await (const followed of followEvents(operator.address, { since: 'all', uids: ['u1'], follow: false })) {
      seen.push(followed.kind === 'event' ? followed.event.event : followed.kind);
    }
    expect(seen).toEqual(['attached', 'queued']);
  });

  it('ends its readers when the service stops, with the last event', async () => {
    const operator = await start();
    const socket = open(operator);
    socket.write(get('/events'));
    await until(socket, /retry/);
    const rest = until(socket, /"stopped"/);
    emit({ event: 'stopped', exitCode: 0, interrupted: 0 });
    await operator.close();
    expect(await rest).toContain('event: stopped');
  });

  it('comes back to a service that was started again, and says what happened', async () => {
    const path = `unix:${join(folder, 'operator.sock')}`;
    const first = await startOperatorServer({ listen: path, events$, ...IDLE, version: '1', now: Date.now });
    const seen: string[] = [];
    for await (const followed of followEvents(path, {})) {
      seen.push(followed.kind === 'event' ? followed.event.event : followed.kind);
      if (seen.length === 1) {
        await first.close();
        await start({ listen: path });
      }
      if (followed.kind === 'attached' && seen.length > 1) emit({ event: 'queued', ...of('u1') });
      if (followed.kind === 'event') break;
    }
    expect(seen).toEqual(['attached', 'lost', 'attached', 'queued']);
  });

  it('drops a slow reader, tells it how much it missed, and does not disturb the others', async () => {
    const operator = await start({
      backlog: { events: 500, characters: 1 << 20 },
      readers: { ...READER_LIMITS, gatherMilliseconds: 1 },
    });
    const slow = open(operator);
    slow.write(get('/events'));
    await until(slow, /retry/);
    slow.pause();
    const fast = followEvents(operator.address, { since: 'all' });
    await fast.next();
    let got = 0;
    const line = 'x'.repeat(4000);
    // The kernel's buffers take megabytes before a peer counts as slow.
    for (let batch = 0; batch < 60; batch++) {
      for (let n = 0; n < 100; n++) emit({ event: 'output', stream: 'stdout', line, ...of(`n${n}`) });
      for (let n = 0; n < 100; n++) if ((await fast.next()).value?.kind === 'event') got += 1;
    }
    await fast.return(undefined);
    expect(got).toBe(6000);
    slow.resume();
    const rest = await until(slow, /event: dropped\ndata: \{"missed":\d+/);
    expect(Number(/"missed":(\d+)/.exec(rest)?.[1])).toBeGreaterThan(0);
    const value = parseMetrics(bodyOf(await raw(operator, get('/metrics'))));
    expect(value('prov_operator_readers_dropped_total')).toBe(1);
  });

  it('holds no queue for each of a thousand readers that read nothing', async () => {
    const operator = await start({ backlog: { events: 2_000, characters: 4 << 20 } });
    const sockets: Socket[] = [];
    // One after the other: more connections than the listen queue holds would be retried by TCP,
    // with pauses that double.
    for (let n = 0; n < 1_000; n += 1) {
      const socket = open(operator);
      socket.write(get('/events'));
      await until(socket, /retry/);
      socket.pause();
      sockets.push(socket);
    }
    const before = process.memoryUsage().heapUsed + process.memoryUsage().external;
    const line = 'x'.repeat(1000);
    for (let n = 0; n < 20_000; n++) {
      emit({ event: 'output', stream: 'stdout', line, ...of(`n${n % 50}`) });
      if (n % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    // One queue per reader would be 20 MB for each of them.
    const grown = process.memoryUsage().heapUsed + process.memoryUsage().external - before;
    expect(grown).toBeLessThan(250 << 20);
    expect((await fetchStatus(operator.address)).counts.open).toBe(0);
    for (const socket of sockets) socket.destroy();
  });
});

/**
 * Resolves to the bytes that a socket receives until they match. The socket continues to flow
 * afterwards.
 */
function until(socket: Socket, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const take = (chunk: Buffer) => {
      text += chunk.toString('utf8');
      if (!pattern.test(text.slice(-20_000))) return;
      socket.off('data', take);
      socket.off('close', end);
      resolve(text);
    };
    const end = () => reject(new Error(`closed before ${pattern}: ${text.slice(-500)}`));
    socket.on('data', take);
    socket.once('close', end);
  });
}
