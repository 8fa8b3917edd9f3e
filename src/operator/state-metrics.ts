import type { Registry } from 'prom-client';
import type { AccountsView, ConditionName } from '../domain/condition.ts';
import type { LeasesView, LeaseTally } from '../domain/lease-status.ts';
import type { NotifyStatus } from '../domain/notify.ts';
import type { Pause, PauseBy } from '../domain/pause.ts';
import type { CanaryStatus, ConnectionStatus, OutletHealth } from '../domain/status.ts';
import { registerNotify } from './notify-metrics.ts';
import { counter, gauge } from './scraped-metrics.ts';
import type { Survey } from './survey.ts';

/** The values that the state metrics read at each scrape. */
export interface MetricsSource {
  /** Milliseconds since 1970. */
  now(): number;
  connection(): ConnectionStatus;
  readonly accounts: AccountsView;
  /** The pauses of the service that last at the moment. */
  pauses(): readonly Pause[];
  /** Surveys all accounts. */
  survey(): Promise<Survey>;
  readers(): { readonly open: number; readonly dropped: number };
  /** Undefined if the service needs no leases. */
  readonly leases?: LeasesView | undefined;
  outlets(): readonly OutletHealth[];
  /** Undefined if no notifications are sent. */
  readonly notify?: (() => NotifyStatus) | undefined;
  /** Undefined if the service has none. */
  readonly canary?: (() => CanaryStatus) | undefined;
}

/**
 * Registers the metrics that are read at each scrape: the state of the service and of its process.
 */
export function registerState(registry: Registry, version: string, source: MetricsSource): void {
  gauge(registry, 'prov_info', 'The version of the service.', () => [[{ version }, 1]], 'version');
  registerConnection(registry, source);
  registerAccounts(registry, source);
  registerPauses(registry, source);
  registerReaders(registry, source);
  registerProcess(registry, source);
  if (source.leases !== undefined) registerLeases(registry, source.leases);
  registerOutlets(registry, source.outlets);
  if (source.notify !== undefined) registerNotify(registry, source.notify);
  if (source.canary !== undefined) registerCanary(registry, source.canary);
}

function registerConnection(registry: Registry, source: MetricsSource): void {
  gauge(registry, 'prov_connected', 'Whether the subscription is connected: 1 or 0.', () =>
    Number(isConnected(source)),
  );
  gauge(registry, 'prov_ready', 'Whether the service is subscribed, refreshed and not stopping: 1 or 0.', () =>
    Number(source.connection().phase === 'live'),
  );
  const subscription = 'The directory that the service is subscribed to, and how.';
  const read = () => {
    const { url = '', protocol = '', server = '' } = source.connection();
    return isConnected(source) ? ([[{ url, protocol, server }, 1]] as const) : [];
  };
  gauge(registry, 'prov_subscription_info', subscription, read, 'url', 'protocol', 'server');
  const refreshed = 'When the last complete list of open accounts was received.';
  gauge(registry, 'prov_refreshed_timestamp_seconds', refreshed, () => secondsOf(source.connection().refreshedAt));
  gauge(registry, 'prov_refresh_entries', 'Open accounts in the last complete list.', () => {
    return source.connection().refreshedEntries ?? 0;
  });
}

function isConnected(source: MetricsSource): boolean {
  const { phase, url } = source.connection();
  return url !== undefined && (phase === 'refreshing' || phase === 'live' || phase === 'draining');
}

function registerAccounts(registry: Registry, source: MetricsSource): void {
  const read = () => {
    const { open: _, ...counts } = source.accounts.counts();
    return CONDITIONS.map((condition) => [{ condition: labelOf(condition) }, counts[condition]] as const);
  };
  gauge(registry, 'prov_accounts', 'Open accounts by condition.', read, 'condition');
  gauge(registry, 'prov_accounts_open', 'Open accounts, each counted once.', () => source.accounts.counts().open);
  gauge(registry, 'prov_slots', 'Accounts that can be in work at once.', () => source.accounts.slots);
  gauge(registry, 'prov_slots_busy', 'Slots that are taken.', () => source.accounts.busy);
  registerSurvey(registry, source);
}

const CONDITIONS = ['queued', 'inWork', 'retrying', 'failed', 'deferred', 'waiting'] as const;

function labelOf(condition: ConditionName): string {
  return condition === 'inWork' ? 'in_work' : condition;
}

/** Registers the metrics that need a survey of all accounts. A scrape reads all of them at once. */
function registerSurvey(registry: Registry, source: MetricsSource): void {
  const stuck = 'Accounts in work for longer than their limit, or for longer than ten times the usual time.';
  gauge(registry, 'prov_accounts_stuck', stuck, async () => (await source.survey()).stuck);
  const age = 'Age of the account that has been in the condition longest; 0 if there is none.';
  const read = async () => {
    const { oldest } = await source.survey();
    const now = source.now();
    const seconds = (since = now) => Math.max(0, now - since) / 1000;
    return CONDITIONS.map((condition) => [{ condition: labelOf(condition) }, seconds(oldest[condition])] as const);
  };
  gauge(registry, 'prov_oldest_account_seconds', age, read, 'condition');
}

function registerPauses(registry: Registry, source: MetricsSource): void {
  const paused = 'Whether the service is paused (by the brake: only deletes), by what paused it: 1 or 0.';
  const read = () => {
    const pauses = source.pauses();
    const isBy = (by: PauseBy) => Number(pauses.some((pause) => pause.by === by));
    return (['operator', 'switch', 'brake'] as const).map((by) => [{ by }, isBy(by)] as const);
  };
  gauge(registry, 'prov_paused', paused, read, 'by');
}

function registerReaders(registry: Registry, source: MetricsSource): void {
  gauge(registry, 'prov_operator_readers', 'Readers of the event stream.', () => source.readers().open);
  const dropped = 'Readers of the event stream that were dropped for being too slow.';
  counter(registry, 'prov_operator_readers_dropped_total', dropped, () => source.readers().dropped);
}

function registerOutlets(registry: Registry, outlets: MetricsSource['outlets']): void {
  const byOutlet = (numberOf: (outlet: OutletHealth) => number | undefined) => () =>
    outlets().flatMap((outlet) => {
      const value = numberOf(outlet);
      return value === undefined ? [] : [[{ outlet: outlet.outlet.replace(' ', '_') }, value] as const];
    });
  const failing = 'Whether an outlet (log_file, syslog, journal) cannot be written: 1 or 0.';
  gauge(
    registry,
    'prov_outlet_failing',
    failing,
    byOutlet(({ failure }) => Number(failure !== undefined)),
    'outlet',
  );
  const lines = 'Lines that an outlet has lost, as far as the service knows. For the journal these are events.';
  counter(
    registry,
    'prov_outlet_lost_lines_total',
    lines,
    byOutlet(({ lost }) => lost),
    'outlet',
  );
  const free = 'Free bytes on the file system of an outlet.';
  gauge(
    registry,
    'prov_outlet_free_bytes',
    free,
    byOutlet(({ freeBytes }) => freeBytes),
    'outlet',
  );
}

function registerCanary(registry: Registry, status: () => CanaryStatus): void {
  const late = 'Whether there was no answer to the canary for two intervals, without a pause: 1 or 0.';
  gauge(registry, 'prov_canary_late', late, () => Number(status().late));
  const took = 'Time from the last request for the canary to its finished state; 0 before the first answer.';
  gauge(registry, 'prov_canary_seconds', took, () => (status().milliseconds ?? 0) / 1000);
  gauge(
    registry,
    'prov_canary_answered_timestamp_seconds',
    'When the canary was last finished; 0 if it never was.',
    () => secondsOf(status().answeredAt),
  );
}

/**
 * Registers the metrics of leases. They name no uid and no holder. Ages are measured by the clock
 * of this service.
 */
function registerLeases(registry: Registry, leases: LeasesView): void {
  const status = () => leases.status({ limit: 0 });
  const read = () => {
    const { held, paused, services } = status();
    const waitedFor = services.reduce((sum, service) => sum + service.waitedFor, 0);
    const counts = { held, paused, waited_for: waitedFor };
    return Object.entries(counts).map(([condition, count]) => [{ condition }, count] as const);
  };
  const own = 'Leases of this service (held, or kept during a pause), and leases of other services that it waits for.';
  gauge(registry, 'prov_leases', own, read, 'condition');
  const oldest = 'Age of the oldest last renewal of all held leases; 0 if none is held.';
  gauge(registry, 'prov_lease_oldest_renewal_seconds', oldest, () => (status().oldestRenewalMilliseconds ?? 0) / 1000);
  const others =
    'Other services by their presence: present, silent, or absent while this service waits for one of their leases.';
  const present = () => {
    const { services } = status();
    const servicesIn = (state: string) => services.filter((service) => service.state === state).length;
    return (['present', 'silent', 'absent'] as const).map((state) => [{ state }, servicesIn(state)] as const);
  };
  gauge(registry, 'prov_other_services', others, present, 'state');
  const counts = {
    taken: ['prov_lease_takes_total', 'Leases taken.'],
    takenOver: ['prov_lease_take_overs_total', 'Leases taken that another service had held or paused.'],
    renewed: ['prov_lease_renewals_total', 'Renewals of leases that the directory has confirmed.'],
    refused: ['prov_lease_refusals_total', 'Writes of leases that the directory refused, as another write came first.'],
    lost: ['prov_leases_lost_total', 'Leases that were lost to another service, or deleted, while held or paused.'],
  } as const satisfies Record<keyof LeaseTally, readonly [string, string]>;
  for (const [what, [name, help]] of Object.entries(counts)) {
    counter(registry, name, help, () => leases.tally()[what as keyof LeaseTally]);
  }
}

function registerProcess(registry: Registry, source: MetricsSource): void {
  const cpu = 'Processor time of the process in seconds, user and system.';
  counter(registry, 'process_cpu_seconds_total', cpu, () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  gauge(registry, 'process_resident_memory_bytes', 'Resident memory in bytes.', () => process.memoryUsage.rss());
  gauge(registry, 'process_start_time_seconds', 'When the process started, in seconds since 1970.', () =>
    Math.round(source.now() / 1000 - process.uptime()),
  );
}

/** The time of an event in seconds since 1970; 0 if there was no event. */
function secondsOf(time: string | undefined): number {
  return time === undefined ? 0 : Date.parse(time) / 1000;
}
