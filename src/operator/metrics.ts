import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { EVENT_NAMES, type PublishedEvent } from '../domain/event.ts';
import { readMode } from '../domain/mode.ts';
import type { AccountCounts, ConnectionStatus } from '../domain/status.ts';
import { timeWrites } from './write-clock.ts';

/** What the gauges show at the moment of a scrape. */
export interface MetricsSource {
  /** Milliseconds since 1970. */
  now(): number;
  connection(): ConnectionStatus;
  counts(): AccountCounts;
  readers(): { readonly open: number; readonly dropped: number };
}

export interface Metrics {
  /** Counts one event. */
  observe(event: PublishedEvent): void;
  /** The metrics in Prometheus's text format 0.0.4. */
  render(): Promise<string>;
  readonly contentType: string;
}

/** Seconds: from a millisecond, where a good day lies, to the hour that a long script may take. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600, 3600];

/** Makes the metrics of one service in a registry of their own; labels take their values from closed sets only. */
export function createMetrics(version: string, source: MetricsSource): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const timing = timeWrites();

  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });

  new Gauge({ name: 'prov_info', help: 'The version of the service.', labelNames: ['version'], registers }).set(
    { version },
    1,
  );
  gauge('prov_connected', 'Whether the subscription is connected: 1 or 0.', () => (isConnected(source) ? 1 : 0));
  gauge('prov_ready', 'Whether the service is subscribed, refreshed and not stopping: 1 or 0.', () =>
    source.connection().phase === 'live' ? 1 : 0,
  );
  new Gauge({
    name: 'prov_subscription_info',
    help: 'The directory that the service is subscribed to, and how.',
    labelNames: ['url', 'protocol', 'server'],
    registers,
    collect() {
      const { url = '', protocol = '', server = '' } = source.connection();
      this.reset();
      if (isConnected(source)) this.set({ url, protocol, server }, 1);
    },
  });
  gauge('prov_refreshed_timestamp_seconds', 'When the last complete list of open accounts was received.', () => {
    const { refreshedAt } = source.connection();
    return refreshedAt === undefined ? 0 : Date.parse(refreshedAt) / 1000;
  });
  gauge(
    'prov_refresh_entries',
    'Open accounts in the last complete list.',
    () => source.connection().refreshedEntries ?? 0,
  );
  new Gauge({
    name: 'prov_accounts',
    help: 'Open accounts by condition.',
    labelNames: ['condition'],
    registers,
    collect() {
      const { open: _, inWork, ...counts } = source.counts();
      for (const [condition, count] of Object.entries({ in_work: inWork, ...counts })) this.set({ condition }, count);
    },
  });
  gauge('prov_accounts_open', 'Open accounts, each counted once.', () => source.counts().open);
  gauge('prov_operator_readers', 'Readers of the event stream.', () => source.readers().open);
  new Counter({
    name: 'prov_operator_readers_dropped_total',
    help: 'Readers of the event stream that were dropped for being too slow.',
    registers,
    collect() {
      this.reset();
      this.inc(source.readers().dropped);
    },
  });
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Processor time of the process in seconds, user and system.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  gauge('process_resident_memory_bytes', 'Resident memory in bytes.', () => process.memoryUsage.rss());
  gauge('process_start_time_seconds', 'When the process started, in seconds since 1970.', () =>
    Math.round(source.now() / 1000 - process.uptime()),
  );

  const events = new Counter({
    name: 'prov_events_total',
    help: 'Events of the stream by name.',
    labelNames: ['event'],
    registers,
  });
  for (const event of EVENT_NAMES) events.inc({ event }, 0);
  const refreshes = new Counter({ name: 'prov_refreshes_total', help: 'Complete lists of open accounts.', registers });
  const outcomes = new Counter({
    name: 'prov_outcomes_total',
    help: 'Attempts that ended, by requested mode and return code (0 is success).',
    labelNames: ['mode', 'code'],
    registers,
  });
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Histogram({ name, help, labelNames, buckets: BUCKETS, registers });
  const refreshSeconds = histogram('prov_refresh_seconds', 'Time that a complete list of open accounts took.', []);
  const claimSeconds = histogram('prov_write_to_claim_seconds', 'From a request seen in the directory to its claim.', [
    'mode',
  ]);
  const finishSeconds = histogram(
    'prov_write_to_finish_seconds',
    'From a request seen in the directory to its finished state.',
    ['mode'],
  );
  const stepSeconds = histogram('prov_step_seconds', "Time of a handler's step; the site's script is one of them.", [
    'mode',
    'step',
  ]);

  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    observe: (event) => {
      events.inc({ event: event.event });
      const elapsed = timing(event);
      if (elapsed !== undefined && 'mode' in event) {
        const target = elapsed.to === 'claim' ? claimSeconds : finishSeconds;
        target.observe({ mode: modeLabel(event.mode) }, seconds(elapsed.milliseconds));
      }
      switch (event.event) {
        case 'refreshed':
          refreshes.inc();
          refreshSeconds.observe(seconds(event.milliseconds));
          return;
        case 'step':
          stepSeconds.observe({ mode: modeLabel(event.mode), step: event.name }, seconds(event.milliseconds));
          return;
        case 'finished':
          outcomes.inc({ mode: modeLabel(event.mode), code: '0' });
          return;
        case 'failed':
          outcomes.inc({ mode: modeLabel(event.mode), code: String(event.returnValue) });
          return;
        default:
          return;
      }
    },
  };
}

function isConnected(source: MetricsSource): boolean {
  const { phase, url } = source.connection();
  return url !== undefined && (phase === 'refreshing' || phase === 'live' || phase === 'draining');
}

/** A stored mode is anything that somebody wrote: only the three requests become labels. */
function modeLabel(stored: string | undefined): string {
  return readMode(stored ?? '')?.mode ?? 'other';
}

function seconds(milliseconds: number): number {
  return Math.max(0, milliseconds) / 1000;
}
