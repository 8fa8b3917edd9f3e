import type { ProtocolName } from './change.ts';

/** Of which account an event speaks. `mode` is the stored word at that moment; `job` ties one attempt together. */
export interface AccountRef {
  readonly uid: string;
  readonly dn: string;
  readonly mode: string;
  readonly job?: string;
}

/** An event as a stage reports it; `time` is added where it is published. The one vocabulary of the stream. */
export type StreamEvent =
  | { readonly event: 'connected'; readonly url: string; readonly protocol: ProtocolName; readonly server: string }
  | { readonly event: 'refreshing' }
  | { readonly event: 'refreshed'; readonly entries: number; readonly milliseconds: number }
  | {
      readonly event: 'disconnected';
      readonly url: string;
      readonly reason: string;
      readonly remedy?: string;
      /** The LDAP result code where the directory gave one. */
      readonly resultCode?: number;
    }
  | { readonly event: 'reconnecting'; readonly url: string; readonly attempt: number; readonly inMilliseconds: number }
  | ({
      readonly event: 'received';
      readonly change: string;
      readonly entryUUID?: string;
      /** Who wrote it, where the directory tells: modifiersName. */
      readonly modifiedBy?: string;
    } & AccountRef)
  | ({
      readonly event: 'skipped';
      readonly reason: string;
      /** Where the account is skipped because its last attempt failed: with what, and when that was written. */
      readonly returnValue?: number;
      readonly failedAt?: string;
      /** The LDAP result code where the directory refuses the account. */
      readonly resultCode?: number;
    } & Partial<AccountRef> & { readonly dn: string })
  | ({ readonly event: 'deferred'; readonly until: string } & AccountRef)
  | ({ readonly event: 'waiting'; readonly reason: string } & AccountRef)
  | ({ readonly event: 'queued' } & AccountRef)
  | ({ readonly event: 'claimed' } & AccountRef)
  | ({ readonly event: 'resumed' } & AccountRef)
  | ({ readonly event: 'step'; readonly name: string; readonly milliseconds: number } & AccountRef)
  | ({ readonly event: 'output'; readonly stream: 'stdout' | 'stderr'; readonly line: string } & AccountRef)
  | ({ readonly event: 'finished'; readonly state: string; readonly milliseconds: number } & AccountRef)
  | ({
      readonly event: 'failed';
      readonly returnValue: number;
      readonly reason: string;
      readonly step: string;
    } & AccountRef)
  | ({
      readonly event: 'retrying';
      /** The number of the attempt that follows the pause: 2 after the first failure. */
      readonly attempt: number;
      readonly inMilliseconds: number;
      readonly reason: string;
      /** The LDAP result code where it is the directory that refuses. */
      readonly resultCode?: number;
    } & AccountRef)
  | ({ readonly event: 'superseded'; readonly reason: string } & AccountRef)
  | ({
      readonly event: 'conflict';
      readonly reason: string;
      /** Who wrote it, where the directory tells: modifiersName. */
      readonly modifiedBy?: string;
      /** Set where a person is needed. */
      readonly remedy?: string;
    } & AccountRef)
  | ({ readonly event: 'left' } & Partial<AccountRef> & { readonly dn: string })
  | { readonly event: 'draining'; readonly inWork: number; readonly queued: number; readonly graceMilliseconds: number }
  | { readonly event: 'stopped'; readonly exitCode: number };

export type EventName = StreamEvent['event'];

/** An event with its time (RFC 3339, UTC, milliseconds): what every output shows. */
export type PublishedEvent = { readonly time: string } & StreamEvent;

/** Where stages report to. Must not throw and must not wait. */
export type Report = (event: StreamEvent) => void;

/** In pipeline order. Whoever adds an event is made to give it its place. */
const IN_ORDER: Readonly<Record<EventName, true>> = {
  connected: true,
  refreshing: true,
  refreshed: true,
  disconnected: true,
  reconnecting: true,
  received: true,
  skipped: true,
  deferred: true,
  waiting: true,
  queued: true,
  claimed: true,
  resumed: true,
  step: true,
  output: true,
  finished: true,
  failed: true,
  retrying: true,
  superseded: true,
  conflict: true,
  left: true,
  draining: true,
  stopped: true,
};

/** The names in pipeline order. */
export const EVENT_NAMES = Object.keys(IN_ORDER) as readonly EventName[];
