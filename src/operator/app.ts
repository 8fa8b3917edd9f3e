import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import type { AccountsView } from '../domain/condition.ts';
import type { Control } from '../domain/control.ts';
import type { PublishedEvent } from '../domain/event.ts';
import type { LeasesView } from '../domain/lease-status.ts';
import type { NotifyStatus } from '../domain/notify.ts';
import type { Pause } from '../domain/pause.ts';
import type { CanaryStatus, OutletHealth } from '../domain/status.ts';
import { isoTime } from '../domain/timestamp.ts';
import { type Backlog, type BacklogLimits, createBacklog } from './backlog.ts';
import { addControlRoutes } from './control-routes.ts';
import { type EventFilter, readFilter, readSince } from './event-filter.ts';
import { type EventReaders, type ReaderLimits, serveReaders } from './event-readers.ts';
import { type History, serveHistory } from './history-path.ts';
import { createMetrics } from './metrics.ts';
import { pacedStream } from './paced-stream.ts';
import { type ReadPageFile, servePage } from './page.ts';
import { initialStatus, isReady, reduceStatus } from './status-reducer.ts';
import { statusText } from './status-text.ts';
import { Surveys } from './surveys.ts';

export interface OperatorAppOptions {
  readonly version: string;
  /** Returns the current time in milliseconds since 1970. */
  readonly now: () => number;
  /** The accounts of the service. */
  readonly accounts: AccountsView;
  /** Carries out the orders of operators. undefined: the service takes no orders. */
  readonly control?: Control | undefined;
  /** The pauses of the service. Default: there are none. */
  readonly pauses?: (() => readonly Pause[]) | undefined;
  /** Returns the longest time that a handler may take, in milliseconds. */
  readonly limitMilliseconds: () => number;
  readonly backlog?: BacklogLimits | undefined;
  readonly readers?: ReaderLimits | undefined;
  /** The leases of the service. undefined: the service needs none. */
  readonly leases?: LeasesView | undefined;
  /** Returns the state of the notifications. undefined: none are sent. */
  readonly notify?: (() => NotifyStatus) | undefined;
  /** Returns the health of the outlets. undefined: the service has none. */
  readonly outlets?: (() => readonly OutletHealth[]) | undefined;
  /** Returns the state of the canary. undefined: the service has none. */
  readonly canary?: (() => CanaryStatus) | undefined;
  /** Answers `/history`. undefined: the path does not exist. */
  readonly history?: History | undefined;
  /** Reads the files of the live page. undefined: there is no page. */
  readonly page?: ReadPageFile | undefined;
}

/**
 * The operator interface of a running service. It takes the events of the service and answers HTTP
 * requests.
 */
export interface OperatorApp {
  readonly app: Hono<{ Bindings: HttpBindings }>;
  /**
   * Takes an event. The event is counted after this turn of the event loop, or before the next
   * request is answered. In this way, data for the directory and for scripts is sent first.
   */
  take(event: PublishedEvent): void;
  /** Sends every reader the remaining events and ends its stream. */
  close(): void;
}

/** The longest list of accounts in `/status` without `?limit=`. */
const STATUS_LIMIT = 1_000;

export const SAFE_HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'",
};

const STREAM_HEADERS = { ...SAFE_HEADERS, 'content-type': 'text/event-stream; charset=utf-8', connection: 'close' };

/** Creates the paths of the operator interface: those that only read, and the orders. */
export function createOperatorApp(options: OperatorAppOptions): OperatorApp {
  const { version, now, accounts, limitMilliseconds, leases, notify, history, page, canary } = options;
  const { pauses = () => [], outlets = () => [] } = options;
  const startedAt = isoTime(now());
  /** Part of each event id, because the numbers begin again at each start of the service. */
  const startId = now().toString(36);
  const status = initialStatus(canary?.().dn);
  const backlog = createBacklog(options.backlog);
  const readers = serveReaders(backlog, { identify: (number) => `${startId}-${number}`, now }, options.readers);
  const surveys = new Surveys({
    ...{ accounts, now, limitMilliseconds },
    elapsed: () => performance.now(),
    median: (mode) => status.attempts.median(mode),
  });
  const metrics = createMetrics(version, {
    now,
    connection: () => status.connection,
    accounts,
    pauses,
    survey: () => surveys.look({ limit: 0 }),
    readers: () => ({ open: readers.size(), dropped: readers.dropped() }),
    ...{ leases, notify, outlets, canary },
  });

  let taken: PublishedEvent[] = [];
  let scheduled: NodeJS.Immediate | undefined;
  const countTaken = (): void => {
    clearImmediate(scheduled);
    scheduled = undefined;
    const events = taken;
    taken = [];
    for (const event of events) {
      reduceStatus(status, event);
      metrics.observe(event);
      backlog.add(event);
    }
    if (events.length > 0) readers.wake();
  };

  const app = new Hono<{ Bindings: HttpBindings }>();
  app.use(async (c, next) => {
    countTaken();
    for (const [name, value] of Object.entries(SAFE_HEADERS)) c.header(name, value);
    return next();
  });
  app.get('/status', async (c) => {
    const limit = Number(c.req.query('limit') ?? STATUS_LIMIT);
    if (!Number.isSafeInteger(limit) || limit < 0) return c.json({ error: 'limit must be a whole number' }, 400);
    const uid = c.req.query('uid')?.toLowerCase();
    const found = await surveys.look({ limit, uid });
    const context = {
      ...{ now: now(), startedAt, version, pauses: pauses(), limit },
      ...{ leases: leases?.status({ limit, uid }), notify: notify?.() },
      ...{ outlets: outlets(), canary: canary?.() },
    };
    const text = statusText(status, accounts, found, context);
    return c.body(pacedStream(text), 200, { 'content-type': 'application/json' });
  });
  app.get('/metrics', async (c) => c.body(await metrics.render(), 200, { 'content-type': metrics.contentType }));
  app.get('/healthz', (c) => c.json({ status: 'ok', version, uptimeSeconds: Math.round(process.uptime()) }));
  app.get('/readyz', (c) => {
    const ready = isReady(status);
    return c.json({ ready, ...status.connection }, ready ? 200 : 503);
  });
  serveEvents(app, { backlog, readers, startId, now });
  addControlRoutes(app, options.control);
  if (history !== undefined) serveHistory(app, { history, backlog, now });
  if (page !== undefined) servePage(app, page);
  app.notFound((c) =>
    c.json({ error: 'no such path; the paths are /, /status, /events, /history, /metrics, /healthz, /readyz' }, 404),
  );
  app.onError((_error, c) => c.json({ error: 'internal error' }, 500));

  return {
    app,
    take: (event) => {
      taken.push(event);
      scheduled ??= setImmediate(countTaken);
    },
    close: () => {
      countTaken();
      readers.close();
    },
  };
}

interface EventSources {
  readonly backlog: Backlog;
  readonly readers: EventReaders;
  readonly startId: string;
  readonly now: () => number;
}

/** The path of the event stream. */
function serveEvents(app: OperatorApp['app'], { backlog, readers, startId, now }: EventSources): void {
  app.get('/events', (c) => {
    let filter: EventFilter;
    let from: number;
    try {
      filter = readFilter({ uid: c.req.queries('uid') ?? [], event: c.req.queries('event') ?? [] });
      const last = c.req.header('last-event-id') ?? c.req.query('lastEventId');
      from = firstAfter(last, startId) ?? firstSince(backlog, readSince(c.req.query('since') ?? 'all', now()));
    } catch (error) {
      if (error instanceof RangeError) return c.json({ error: error.message }, 400);
      throw error;
    }
    if (c.req.method === 'HEAD') return c.body(null, 200, STREAM_HEADERS);
    if (readers.full()) return c.json({ error: 'too many readers' }, 503);
    const { outgoing } = c.env;
    outgoing.writeHead(200, STREAM_HEADERS);
    readers.add(outgoing, filter, from, c.req.query('follow') !== 'false');
    return RESPONSE_ALREADY_SENT;
  });
}

/**
 * The number of the event that follows the one with this id. undefined: there is no id, or it is
 * from an earlier start.
 */
function firstAfter(id: string | undefined, startId: string): number | undefined {
  const match = /^([0-9a-z]+)-(\d{1,15})$/.exec(id ?? '');
  return match?.[1] === startId ? Number(match[2]) + 1 : undefined;
}

/**
 * The number of the first event at or after a time. If there is none, the number that the next
 * event will get.
 */
function firstSince(backlog: Backlog, since: number): number {
  let number = backlog.first();
  for (let entry = backlog.get(number); entry !== undefined; entry = backlog.get(number)) {
    if (Date.parse(entry.event.time) >= since) break;
    number += 1;
  }
  return number;
}
