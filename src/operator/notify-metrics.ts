import type { Registry } from 'prom-client';
import type { NotifyStatus, ReceiverStatus } from '../domain/notify.ts';
import { counter, gauge } from './scraped-metrics.ts';

const COUNTERS: ReadonlyArray<readonly [field: 'sent' | 'failed' | 'lost', name: string, help: string]> = [
  ['sent', 'prov_notify_sent_total', 'Notifications that a receiver has taken.'],
  ['failed', 'prov_notify_failed_attempts_total', 'Attempts to send a notification that failed.'],
  ['lost', 'prov_notify_lost_total', 'Notifications that were given up.'],
];

const GAUGES: ReadonlyArray<readonly [name: string, help: string, value: (receiver: ReceiverStatus) => number]> = [
  ['prov_notify_queued', 'Notifications that wait to be sent.', ({ queued }) => queued],
  ['prov_notify_failing', 'Whether the last attempt failed: 1 or 0.', ({ failure }) => (failure === undefined ? 0 : 1)],
];

/** Registers the metrics of notifications, by receiver (mail or webhook). */
export function registerNotify(registry: Registry, status: () => NotifyStatus): void {
  const byReceiver = (numberOf: (receiver: ReceiverStatus) => number) => () =>
    status().receivers.map((each) => [{ receiver: each.receiver }, numberOf(each)] as const);
  for (const [field, name, help] of COUNTERS)
    counter(
      registry,
      name,
      help,
      byReceiver((each) => each[field]),
      'receiver',
    );
  for (const [name, help, value] of GAUGES) gauge(registry, name, help, byReceiver(value), 'receiver');
  gauge(
    registry,
    'prov_notify_held',
    'Accounts and conditions that no notification has reported yet.',
    () => status().held,
  );
}
