import type { StepEnd } from '../domain/event.ts';
import type { JournalItem } from './journal-lines.ts';

/** A request for a mode. */
interface RequestItem {
  readonly kind: 'request';
  readonly time: string;
  readonly mode: string;
  /** The DN that wrote it, if the directory shows it. */
  readonly modifiedBy?: string;
}

/** How an attempt ended. */
export type AttemptEnd =
  | { readonly as: 'finished'; readonly time: string; readonly state: string }
  | {
      readonly as: 'failed';
      readonly time: string;
      readonly returnValue: number;
      readonly step: string;
      readonly reason: string;
      readonly cause?: string;
    }
  | { readonly as: 'retrying'; readonly time: string; readonly reason: string; readonly cause?: string }
  | { readonly as: 'superseded'; readonly time: string; readonly reason: string }
  /** The next attempt began before this one had an end: the service was stopped. */
  | { readonly as: 'interrupted'; readonly time: string }
  /** The journal contains no end of this attempt. */
  | { readonly as: 'unknown' };

/** One attempt, from its claim to its end. */
export interface AttemptItem {
  readonly kind: 'attempt';
  readonly time: string;
  readonly job: string;
  readonly mode: string;
  readonly resumed: boolean;
  /** How long the account was queued before the attempt. */
  readonly queuedMilliseconds?: number;
  readonly steps: ReadonlyArray<StepEnd & { readonly name: string; readonly milliseconds: number }>;
  /** The last lines of the script, and how many there were before these. */
  readonly output: ReadonlyArray<{ readonly stream: string; readonly line: string }>;
  readonly earlierLines: number;
  readonly end: AttemptEnd;
  readonly milliseconds?: number;
}

/** Any other event about the account. */
interface NoteItem {
  readonly kind: 'note';
  readonly time: string;
  readonly event: string;
  readonly text: string;
}

/** The journal lacks this number of events, of any account, before this time. */
type MissedItem = Extract<JournalItem, { kind: 'missed' }>;

export type HistoryItem = RequestItem | AttemptItem | NoteItem | MissedItem;
