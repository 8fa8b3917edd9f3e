import type { ProtocolName } from './change.ts';
import type { PauseBy, PauseOrder } from './pause.ts';

/**
 * The account of an event. `mode` is the stored word at that moment; `job` is the id of the
 * attempt.
 */
export interface AccountRef {
  readonly uid: string;
  readonly dn: string;
  readonly mode: string;
  readonly job?: string;
}

/**
 * How a step ended that did not end by itself: by a signal from outside the service, its time
 * limit, the stop of the service, or an order of an operator.
 */
export type Ending = 'killed' | 'timedOut' | 'interrupted' | 'cancelled';

/**
 * How a step ended. `killed`: by a signal from outside the service. `interrupted`: by the stop of
 * the service.
 */
export interface StepEnd {
  readonly outcome: 'done' | 'failed' | Ending;
  /** The return value of a failure. */
  readonly returnValue?: number;
}

/**
 * Why an account is no longer open and in sight.
 * - `finished`: another program or service finished it; `mode` says as what.
 * - `moved`: its entry exists, but was renamed out of the base, no longer matches the filter, or
 *   has the mode of another program.
 * - `deleted`: there is no such entry that the service may read.
 * - `unknown`: it was not read: too many left at once, or the directory could not be asked.
 */
export type WhyLeft = 'finished' | 'moved' | 'deleted' | 'unknown';

/**
 * An event as a stage reports it. `publish` adds `time`. Every event of the stream is one of these.
 */
export type StreamEvent =
  | { readonly event: 'connected'; readonly url: string; readonly protocol: ProtocolName; readonly server: string }
  | { readonly event: 'refreshing' }
  | { readonly event: 'refreshed'; readonly entries: number; readonly milliseconds: number }
  | {
      readonly event: 'disconnected';
      readonly url: string;
      readonly reason: string;
      readonly remedy?: string;
      /** The LDAP result code, if the directory sent one. */
      readonly resultCode?: number;
    }
  | { readonly event: 'reconnecting'; readonly url: string; readonly attempt: number; readonly inMilliseconds: number }
  | ({
      readonly event: 'received';
      readonly change: string;
      readonly entryUUID?: string;
      /** The DN that wrote it, if the directory shows modifiersName. */
      readonly modifiedBy?: string;
      /** If a refresh or a list has found it: when it was written, by its modifyTimestamp. */
      readonly writtenAt?: string;
    } & AccountRef)
  | ({
      readonly event: 'skipped';
      readonly reason: string;
      /** If the last attempt failed: its return value, and when that was written. */
      readonly returnValue?: number;
      readonly failedAt?: string;
      /** The LDAP result code, if the directory refuses the account. */
      readonly resultCode?: number;
    } & Partial<AccountRef> & { readonly dn: string })
  | ({ readonly event: 'deferred'; readonly until: string } & AccountRef)
  | ({ readonly event: 'waiting'; readonly reason: string } & AccountRef)
  | ({ readonly event: 'queued' } & AccountRef)
  | ({ readonly event: 'claimed' } & AccountRef)
  | ({ readonly event: 'resumed' } & AccountRef)
  | ({ readonly event: 'step'; readonly name: string; readonly milliseconds: number } & StepEnd & AccountRef)
  | ({ readonly event: 'output'; readonly stream: 'stdout' | 'stderr'; readonly line: string } & AccountRef)
  | ({
      readonly event: 'finished';
      readonly state: string;
      readonly milliseconds: number;
      /** The operator who mended the account by hand. No handler ran. */
      readonly settledBy?: string;
    } & AccountRef)
  | ({
      readonly event: 'failed';
      readonly returnValue: number;
      readonly reason: string;
      readonly step: string;
      /** The script's last words, if it wrote any. */
      readonly cause?: string;
      /** The DN that wrote the request, if this service claimed it and the directory shows it. */
      readonly modifiedBy?: string;
    } & AccountRef)
  | ({
      readonly event: 'retrying';
      /** The number of the next attempt: 2 after the first failure. */
      readonly attempt: number;
      readonly inMilliseconds: number;
      readonly reason: string;
      /** The script's last words, if it failed and wrote any. */
      readonly cause?: string;
      /** The LDAP result code, if the directory refuses. */
      readonly resultCode?: number;
    } & AccountRef)
  | ({ readonly event: 'superseded'; readonly reason: string } & AccountRef)
  | ({
      readonly event: 'conflict';
      readonly reason: string;
      /** The DN that wrote it, if the directory shows modifiersName. */
      readonly modifiedBy?: string;
      /** Set if an operator has to act. */
      readonly remedy?: string;
    } & AccountRef)
  | ({
      readonly event: 'left';
      readonly why: WhyLeft;
      /** If another program or service finished it: the DN that wrote it last. */
      readonly modifiedBy?: string;
      /** The new DN. */
      readonly movedTo?: string;
    } & Partial<AccountRef> & { readonly dn: string })
  /** No new work is begun from now on. The event occurs again if the reason changes. */
  | ({ readonly event: 'paused' } & PauseOrder)
  /** A pause has ended after this time. Another pause may still be in effect. */
  | { readonly event: 'resumedWork'; readonly by: PauseBy; readonly milliseconds: number; readonly who?: string }
  /**
   * The configuration was read again. `changed`: the keys with new values that are in effect now.
   */
  | {
      readonly event: 'reloaded';
      readonly changed: readonly string[];
      /** The keys whose new values need a restart. */
      readonly needRestart: readonly string[];
      /** The operator, if that is known. */
      readonly who?: string;
    }
  | { readonly event: 'draining'; readonly inWork: number; readonly queued: number; readonly graceMilliseconds: number }
  /** `interrupted`: the number of accounts in work that the stop has ended. */
  | { readonly event: 'stopped'; readonly exitCode: number; readonly interrupted: number };

export type EventName = StreamEvent['event'];

/** An event with its time (RFC 3339, UTC, milliseconds), as every output shows it. */
export type PublishedEvent = { readonly time: string } & StreamEvent;

/** Receives the events of the stages. It must neither throw nor block. */
export type Report = (event: StreamEvent) => void;

/** All events in pipeline order. The type requires every event to be listed. */
const PIPELINE_ORDER: Readonly<Record<EventName, true>> = {
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
  paused: true,
  resumedWork: true,
  reloaded: true,
  draining: true,
  stopped: true,
};

export const EVENT_NAMES = Object.keys(PIPELINE_ORDER) as readonly EventName[];
