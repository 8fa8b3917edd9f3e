import { Counter, Histogram, Registry } from 'prom-client';
import { NO_ACCOUNTS } from '../domain/condition.ts';
import { EVENT_NAMES, type EventName, type PublishedEvent } from '../domain/event.ts';
import { readMode } from '../domain/mode.ts';
import { requestTimer } from './request-timer.ts';
import { counter } from './scraped-metrics.ts';
import { type MetricsSource, registerState } from './state-metrics.ts';
import { Survey } from './survey.ts';

export interface Metrics {
  /** Counts one event. */
  observe(event: PublishedEvent): void;
  /** Resolves to the metrics in Prometheus's text format 0.0.4. */
  render(): Promise<string>;
  readonly contentType: string;
}

/**
 * The buckets in seconds: from a millisecond, which is the usual latency, to an hour, which a long
 * script may take.
 */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600, 3600];

/**
 * Creates the metrics of one service, in a registry of their own. Every label has a closed set of
 * values.
 */
export function createMetrics(version: string, source: MetricsSource): Metrics {
  const registry = new Registry();
  registerState(registry, version, source);
  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    observe: countEvents(registry),
  };
}

/** One metric, as the documentation describes it. */
export interface MetricFacts {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly help: string;
}

/** All metrics that a service may have, in the order of their names. */
export function describeMetrics(): MetricFacts[] {
  const registry = new Registry();
  registerState(registry, '', EVERYTHING);
  countEvents(registry);
  const facts = registry.getMetricsAsArray().map((metric): MetricFacts => {
    const { name, help, type } = metric;
    const labels = 'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames : [];
    return { name, help, type: String(type), labels: labels.filter((label) => label !== 'le') };
  });
  return facts.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/**
 * A source with all optional parts, so that all metrics are registered. No values are read from it.
 */
const EVERYTHING: MetricsSource = {
  now: () => 0,
  connection: () => ({ phase: 'starting' }),
  accounts: NO_ACCOUNTS,
  survey: async () => new Survey({ now: 0, limit: 0, limitMilliseconds: 0, median: () => undefined }),
  readers: () => ({ open: 0, dropped: 0 }),
  leases: {
    status: () => ({ holder: '', held: 0, paused: 0, own: [], others: [], services: [] }),
    tally: () => ({ taken: 0, takenOver: 0, renewed: 0, refused: 0, lost: 0 }),
  },
  pauses: () => [],
  outlets: () => [],
  notify: () => ({ receivers: [], held: 0 }),
  canary: () => ({ dn: '', late: false }),
};

/** Registers the metrics that count events. Returns the function that counts. */
function countEvents(registry: Registry): (event: PublishedEvent) => void {
  const measure = requestTimer();
  const counters = countersOf(registry);
  const times = timesOf(registry);
  const countEvent = eventCounter(registry);

  return (event) => {
    countEvent(event.event);
    const elapsed = measure(event);
    if (elapsed !== undefined && 'mode' in event) {
      times[elapsed.to].observe({ mode: modeLabel(event.mode) }, seconds(elapsed.milliseconds));
    }
    switch (event.event) {
      case 'refreshed':
        counters.refreshes.inc();
        times.refresh.observe(seconds(event.milliseconds));
        return;
      case 'step':
        times.step.observe({ mode: modeLabel(event.mode), step: event.name }, seconds(event.milliseconds));
        return;
      case 'finished':
        counters.outcomes.inc({ mode: modeLabel(event.mode), code: '0' });
        return;
      case 'failed':
        counters.outcomes.inc({ mode: modeLabel(event.mode), code: String(event.returnValue) });
        return;
      default:
        return;
    }
  };
}

/**
 * Registers the counter of all events, and returns the function that counts. The numbers are passed
 * to the registry only at each scrape, because finding the counter of a label takes the registry a
 * microsecond.
 */
function eventCounter(registry: Registry): (event: EventName) => void {
  const counts = new Map<EventName, number>(EVENT_NAMES.map((event) => [event, 0]));
  const read = () => [...counts].map(([event, count]) => [{ event }, count] as const);
  counter(registry, 'prov_events_total', 'Events of the stream by name.', read, 'event');
  return (event) => counts.set(event, (counts.get(event) ?? 0) + 1);
}

function countersOf(registry: Registry) {
  const counting = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name, help, labelNames, registers: [registry] });
  return {
    refreshes: counting('prov_refreshes_total', 'Complete lists of open accounts.', []),
    outcomes: counting(
      'prov_outcomes_total',
      'Attempts that ended, by requested mode and return code (0 is success).',
      ['mode', 'code'],
    ),
  };
}

function timesOf(registry: Registry) {
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Histogram({ name, help, labelNames, buckets: BUCKETS, registers: [registry] });
  return {
    refresh: histogram('prov_refresh_seconds', 'Time that a complete list of open accounts took.', []),
    claim: histogram(
      'prov_write_to_claim_seconds',
      'Time from a request to its claim, measured from when the service sees the request, or from its modifyTimestamp if a list contains it.',
      ['mode'],
    ),
    finish: histogram(
      'prov_write_to_finish_seconds',
      'Time from a request to its finished state, measured from the same moment as prov_write_to_claim_seconds.',
      ['mode'],
    ),
    step: histogram('prov_step_seconds', "Time of a handler's step; the site's script is one of them.", [
      'mode',
      'step',
    ]),
  };
}

/**
 * The label for the mode of an entry, which may be any text. Only the three requests become labels.
 */
function modeLabel(stored: string | undefined): string {
  return readMode(stored ?? '')?.mode ?? 'other';
}

function seconds(milliseconds: number): number {
  return Math.max(0, milliseconds) / 1000;
}
