import type { NotifyEvent } from '../domain/notify.ts';

/** Something that needs a hand. What has the same key is told together. */
export interface Trouble {
  readonly event: NotifyEvent;
  readonly key: string;
  /** In a few words, for a subject. May hold any characters. */
  readonly title: string;
  /** What was said, whole. May hold any characters. */
  readonly words?: string | undefined;
  readonly remedy?: string | undefined;
  readonly step?: string | undefined;
  readonly returnValue?: number | undefined;
  /** Failures of accounts follow from it while it lasts, and wait. */
  readonly causesOthers?: boolean;
  /** It often ends by itself, so it is told only if it lasts. */
  readonly isPassing?: boolean;
}

/** Who is in trouble: an account, or the service itself (without uid). Unique by its id. */
export interface Subject {
  readonly id: string;
  readonly uid?: string;
  /** The stored word. */
  readonly mode?: string;
  /** Since when, in milliseconds since 1970. */
  readonly since: number;
}

/** What a message says of one group. */
export interface Report {
  /**
   * `new`: it was not told before. `more`: more accounts. `unsteady`: it comes and goes, and is
   * told rarely from now on. `still`: a reminder. `resolved`: it is over.
   */
  readonly state: 'new' | 'more' | 'unsteady' | 'still' | 'resolved';
  readonly trouble: Trouble;
  /** How many are in trouble now. */
  readonly count: number;
  /** How many of them no message has told before. */
  readonly added: number;
  /** When it began, and when the last came into it. Milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
  /** Some of those that are told: at most `MOST_NAMED`. */
  readonly subjects: readonly Subject[];
}

/** The most accounts that a report names. */
export const MOST_NAMED = 20;

export interface Message {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly occasion: 'news' | 'reminder' | 'digest' | 'stop' | 'test';
  /** What is broken comes first. */
  readonly reports: readonly Report[];
  /** In a digest: what happened since the last one, or the start. */
  readonly tally?: { readonly fired: number; readonly resolved: number };
  /** The last message of this hour: nothing follows before this time. */
  readonly silentUntil?: number;
}
