import { setImmediate as turn } from 'node:timers/promises';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { AccountsView } from '../domain/condition.ts';
import type { LeasesView, LeaseTally } from '../domain/lease-status.ts';
import type { NotifyStatus } from '../domain/notify.ts';
import type { Pause } from '../domain/pause.ts';
import type { CanaryStatus, ConnectionStatus, OutletHealth } from '../domain/status.ts';
import { registerNotify } from './notify-metrics.ts';
import type { Survey } from './survey.ts';

/** The values that the state metrics read at each scrape. */
export interface MetricsSource {
  /** Milliseconds since 1970. */
  now(): number;
  connection(): ConnectionStatus;
  readonly accounts: AccountsView;
  /** The pauses of the service. */
  pauses(): readonly Pause[];
  /** Looks at all accounts, in slices. */
  survey(now: number): Iterator<undefined, Survey>;
  readers(): { readonly open: number; readonly dropped: number };
  /** Undefined if the service needs no leases. */
  readonly leases?: LeasesView | undefined;
  outlets(): readonly OutletHealth[];
  /** Undefined if nobody is notified. */
  readonly notify?: (() => NotifyStatus) | undefined;
  /** Undefined if the service has none. */
  readonly canary?: (() => CanaryStatus) | undefined;
}

/**
 * Registers the metrics that are read at each scrape: the state of the service and of its process.
 */
export function registerState(registry: Registry, version: string, source: MetricsSource): void {
  const info = { name: 'prov_info', help: 'The version of the service.', labelNames: ['version'] };
  new Gauge({ ...info, registers: [registry] }).set({ version }, 1);
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
    isConnected(source) ? 1 : 0,
  );
  gauge(registry, 'prov_ready', 'Whether the service is subscribed, refreshed and not stopping: 1 or 0.', () =>
    source.connection().phase === 'live' ? 1 : 0,
  );
  new Gauge({
    name: 'prov_subscription_info',
    help: 'The directory that the service is subscribed to, and how.',
    labelNames: ['url', 'protocol', 'server'],
    registers: [registry],
    collect() {
      const { url = '', protocol = '', server = '' } = source.connection();
      this.reset();
      if (isConnected(source)) this.set({ url, protocol, server }, 1);
    },
  });
  const refreshed = 'When the last complete list of open accounts was received.';
  gauge(registry, 'prov_refreshed_timestamp_seconds', refreshed, () => {
    const { refreshedAt } = source.connection();
    return refreshedAt === undefined ? 0 : Date.parse(refreshedAt) / 1000;
  });
  gauge(registry, 'prov_refresh_entries', 'Open accounts in the last complete list.', () => {
    return source.connection().refreshedEntries ?? 0;
  });
}

function isConnected(source: MetricsSource): boolean {
  const { phase, url } = source.connection();
  return url !== undefined && (phase === 'refreshing' || phase === 'live' || phase === 'draining');
}

function registerAccounts(registry: Registry, source: MetricsSource): void {
  new Gauge({
    name: 'prov_accounts',
    help: 'Open accounts by condition.',
    labelNames: ['condition'],
    registers: [registry],
    collect() {
      const { open: _, inWork, ...counts } = source.accounts.counts();
      for (const [condition, count] of Object.entries({ in_work: inWork, ...counts })) this.set({ condition }, count);
    },
  });
  gauge(registry, 'prov_accounts_open', 'Open accounts, each counted once.', () => source.accounts.counts().open);
  gauge(registry, 'prov_slots', 'Accounts that can be in work at once.', () => source.accounts.slots);
  gauge(registry, 'prov_slots_busy', 'Slots that are taken.', () => source.accounts.busy);
  registerSurvey(registry, source);
}

/** The metrics for which every account is looked at, once for a scrape. */
function registerSurvey(registry: Registry, source: MetricsSource): void {
  let looking: Promise<Survey> | undefined;
  // A scrape asks all metrics at once, and then waits for their values.
  const look = (): Promise<Survey> => {
    looking ??= inSlices(source.survey(source.now())).finally(() => {
      looking = undefined;
    });
    return looking;
  };
  new Gauge({
    name: 'prov_accounts_stuck',
    help: 'Accounts in work for longer than their limit, or than ten times the usual.',
    registers: [registry],
    async collect() {
      this.set((await look()).stuck);
    },
  });
  new Gauge({
    name: 'prov_oldest_account_seconds',
    help: 'The time for which some account has been in the condition, of those the longest; 0 if there is none.',
    labelNames: ['condition'],
    registers: [registry],
    async collect() {
      const { oldest } = await look();
      const now = source.now();
      for (const condition of ['queued', 'inWork', 'retrying', 'failed', 'deferred', 'waiting'] as const) {
        const since = oldest[condition] ?? now;
        this.set({ condition: condition === 'inWork' ? 'in_work' : condition }, Math.max(0, now - since) / 1000);
      }
    },
  });
}

async function inSlices<T>(steps: Iterator<undefined, T>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await turn();
  }
}

function registerPauses(registry: Registry, source: MetricsSource): void {
  new Gauge({
    name: 'prov_paused',
    help: 'Whether the service is paused (by the brake: only deletes), by what paused it: 1 or 0.',
    labelNames: ['by'],
    registers: [registry],
    collect() {
      const pauses = source.pauses();
      for (const by of ['operator', 'switch', 'brake'] as const) {
        this.set({ by }, pauses.some((pause) => pause.by === by) ? 1 : 0);
      }
    },
  });
}

function registerReaders(registry: Registry, source: MetricsSource): void {
  gauge(registry, 'prov_operator_readers', 'Readers of the event stream.', () => source.readers().open);
  const dropped = 'Readers of the event stream that were dropped for being too slow.';
  counter(registry, 'prov_operator_readers_dropped_total', dropped, () => source.readers().dropped);
}

function registerOutlets(registry: Registry, outlets: MetricsSource['outlets']): void {
  const labelNames = ['outlet'] as const;
  const labelOf = ({ outlet }: OutletHealth) => ({ outlet: outlet.replace(' ', '_') });
  new Gauge({
    name: 'prov_outlet_failing',
    help: 'Whether an outlet (log_file, syslog, journal) cannot be written: 1 or 0.',
    labelNames,
    registers: [registry],
    collect() {
      for (const outlet of outlets()) this.set(labelOf(outlet), outlet.failure === undefined ? 0 : 1);
    },
  });
  new Counter({
    name: 'prov_outlet_lost_lines_total',
    help: 'Lines that an outlet has lost, as far as that is known; those of the journal are events.',
    labelNames,
    registers: [registry],
    collect() {
      this.reset();
      for (const outlet of outlets()) this.inc(labelOf(outlet), outlet.lost);
    },
  });
  new Gauge({
    name: 'prov_outlet_free_bytes',
    help: 'Free bytes on the file system of an outlet.',
    labelNames,
    registers: [registry],
    collect() {
      for (const outlet of outlets()) {
        if (outlet.freeBytes !== undefined) this.set(labelOf(outlet), outlet.freeBytes);
      }
    },
  });
}

function registerCanary(registry: Registry, status: () => CanaryStatus): void {
  const late = 'Whether there was no answer to the canary for two intervals, without a pause: 1 or 0.';
  gauge(registry, 'prov_canary_late', late, () => (status().late ? 1 : 0));
  const took = 'Time from the last request for the canary to its finished state; 0 before the first.';
  gauge(registry, 'prov_canary_seconds', took, () => (status().milliseconds ?? 0) / 1000);
  gauge(
    registry,
    'prov_canary_answered_timestamp_seconds',
    'When the canary was finished last; 0 if it was not.',
    () => {
      const { answeredAt } = status();
      return answeredAt === undefined ? 0 : Date.parse(answeredAt) / 1000;
    },
  );
}

/** Nothing here names a uid or a holder. Ages are by the clock of this service. */
function registerLeases(registry: Registry, leases: LeasesView): void {
  const status = () => leases.status({ limit: 0 });
  new Gauge({
    name: 'prov_leases',
    help: 'Leases of this service, held or kept over a pause, and those of others that it waits for.',
    labelNames: ['condition'],
    registers: [registry],
    collect() {
      const { held, paused, services } = status();
      const waitedFor = services.reduce((sum, service) => sum + service.waitedFor, 0);
      for (const [condition, count] of Object.entries({ held, paused, waited_for: waitedFor })) {
        this.set({ condition }, count);
      }
    },
  });
  const oldest = 'Time since the last renewal of the held lease that was renewed longest ago; 0 if none is held.';
  gauge(registry, 'prov_lease_oldest_renewal_seconds', oldest, () => (status().oldestRenewalMilliseconds ?? 0) / 1000);
  new Gauge({
    name: 'prov_other_services',
    help: 'Other services by their presence: present, silent, or absent while this service waits for one of their leases.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const { services } = status();
      for (const state of ['present', 'silent', 'absent'] as const) {
        this.set({ state }, services.filter((service) => service.state === state).length);
      }
    },
  });
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

/** A number that goes up and down, read at each scrape. */
function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}

/** A number that only grows and is counted elsewhere, read at each scrape. */
function counter(registry: Registry, name: string, help: string, read: () => number): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}
