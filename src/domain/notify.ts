/** What people are notified of, each at the site's choice (`notify.on`). */
export const NOTIFY_EVENTS = ['failed', 'disconnected', 'conflict', 'paused', 'canary', 'journal'] as const;

export type NotifyEvent = (typeof NOTIFY_EVENTS)[number];

/** How one receiver of notifications does, since the start of the service. */
export interface ReceiverStatus {
  readonly receiver: 'mail' | 'webhook';
  /** Where it is, without anything secret. */
  readonly target: string;
  readonly sent: number;
  /** Attempts that failed; each message has several. */
  readonly failed: number;
  /** Messages that were given up. */
  readonly lost: number;
  readonly queued: number;
  /** Why the last attempt failed, until one succeeds. */
  readonly failure?: string;
}

export interface NotifyStatus {
  readonly receivers: readonly ReceiverStatus[];
  /** The number of accounts and conditions that no message has told yet. */
  readonly held: number;
}
