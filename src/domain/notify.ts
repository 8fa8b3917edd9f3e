/** The kinds of notifications. The site selects from them (`notify.on`). */
export const NOTIFY_EVENTS = ['failed', 'disconnected', 'conflict', 'paused', 'canary', 'journal'] as const;

export type NotifyEvent = (typeof NOTIFY_EVENTS)[number];

/** The state of one receiver of notifications, since the start of the service. */
export interface ReceiverStatus {
  readonly receiver: 'mail' | 'webhook';
  /** Its address, without anything secret. */
  readonly target: string;
  readonly sent: number;
  /** The number of failed attempts. One message may have several. */
  readonly failed: number;
  /** The number of messages that were given up. */
  readonly lost: number;
  readonly queued: number;
  /** Why the last attempt failed, until one succeeds. */
  readonly failure?: string;
}

export interface NotifyStatus {
  readonly receivers: readonly ReceiverStatus[];
  /** The number of accounts and conditions that no message has reported yet. */
  readonly held: number;
}
