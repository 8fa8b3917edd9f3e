import { Counter, Gauge, type Registry } from 'prom-client';
import type { NotifyStatus, ReceiverStatus } from '../domain/notify.ts';

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
  const common = { labelNames: ['receiver'] as const, registers: [registry] };
  for (const [field, name, help] of COUNTERS) {
    new Counter({
      ...common,
      name,
      help,
      collect() {
        this.reset();
        for (const receiver of status().receivers) this.inc({ receiver: receiver.receiver }, receiver[field]);
      },
    });
  }
  for (const [name, help, value] of GAUGES) {
    new Gauge({
      ...common,
      name,
      help,
      collect() {
        for (const receiver of status().receivers) this.set({ receiver: receiver.receiver }, value(receiver));
      },
    });
  }
  new Gauge({
    name: 'prov_notify_held',
    help: 'Accounts and conditions that no notification has reported yet.',
    registers: [registry],
    collect() {
      this.set(status().held);
    },
  });
}
